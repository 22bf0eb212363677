/* microhttpd ADDRESS PORT: libmicrohttpd; /forbidden/ is refused in the first call, with the head;
 * anything else is read, 201. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    const enum MHD_Result queued = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return queued;
}

static enum MHD_Result serve(void *ctx, struct MHD_Connection *c, const char *url,
                             const char *method, const char *version, const char *content,
                             size_t *len, void **state)
{
    static int begun;
    (void)ctx, (void)method, (void)version, (void)content;
    if (*state == NULL) {
        *state = &begun;
        return strncmp(url, "/forbidden/", 11) == 0 ? answer(c, 403) : MHD_YES;
    }
    if (*len == 0) return answer(c, 201);
    *len = 0;
    return MHD_YES;
}

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
    inet_pton(AF_INET, argv[1], &at.sin_addr);
    if (!MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, serve, NULL,
                          MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_END))
        return 1;
    pause();
    return 0;
}
