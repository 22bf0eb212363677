/*
 * replay FILE-OR-FOLDER...: puts each file, or each file of a folder, through the fuzz target it is
 * linked with, in the order of their names.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz/fuzz.h"

static unsigned long files;

static void replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    REQUIRE(f && fseek(f, 0, SEEK_END) == 0, "%s cannot be read", path);
    const long size = ftell(f);
    REQUIRE(size >= 0, "%s cannot be read", path);
    rewind(f);
    uint8_t *bytes = malloc(size ? (size_t)size : 1);
    REQUIRE(bytes && fread(bytes, 1, (size_t)size, f) == (size_t)size, "%s cannot be read", path);
    fclose(f);
    if (getenv("REPLAY_NAMES")) fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(bytes, (size_t)size);
    free(bytes);
    files++;
}

static int visible(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct stat st;
        REQUIRE(stat(argv[i], &st) == 0, "%s is not there", argv[i]);
        if (!S_ISDIR(st.st_mode)) {
            replay_file(argv[i]);
            continue;
        }
        struct dirent **name;
        const int n = scandir(argv[i], &name, visible, alphasort);
        REQUIRE(n >= 0, "%s cannot be listed", argv[i]);
        for (int k = 0; k < n; k++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], name[k]->d_name);
            replay_file(path);
            free(name[k]);
        }
        free(name);
    }
    printf("%lu inputs replayed\n", files);
    return files ? 0 : 1;
}
