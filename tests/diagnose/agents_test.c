/*
 * Every row of the table of products is found by a real head, on both sides of its version borders;
 * and the fix of a verdict fits its cause and names what was seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/case.h"
#include "diagnose/agents.h"

#define V(a, b, c) AW_VERSION(a, b, c)
#define UA         AW_TEXT_USER_AGENT
#define SRV        AW_TEXT_SERVER
#define VIA        AW_TEXT_VIA
#define RH         AW_TEXT_RES_HINT
#define QH         AW_TEXT_REQ_HINT
#define BODY       AW_TEXT_ERROR_BODY

enum side { CLIENT, SERVER, BETWEEN };

static const struct {
    enum side side;
    enum aw_text text;
    const char *value, *slug; /* slug NULL: nobody */
    uint32_t from;            /* of the row, which tells rows of a product apart */
    const char *token;        /* NULL: not looked at */
} heads[] = {
    /* curl: each border from both sides */
    {CLIENT, UA, "curl/7.15.5 (x86_64-redhat-linux-gnu) libcurl/7.15.5", "curl", 0, "curl/7.15.5"},
    {CLIENT, UA, "curl/7.16.0", "curl", V(7, 16, 0), "curl/7.16.0"},
    {CLIENT, UA, "curl/7.29.0", "curl", V(7, 16, 0), NULL},
    {CLIENT, UA, "curl/7.46.9", "curl", V(7, 16, 0), NULL},
    {CLIENT, UA, "curl/7.47.0", "curl", V(7, 47, 0), NULL},
    {CLIENT, UA, "curl/7.68.0", "curl", V(7, 47, 0), NULL},
    {CLIENT, UA, "curl/7.69.0", "curl", V(7, 69, 0), NULL},
    {CLIENT, UA, "curl/7.88.1", "curl", V(7, 69, 0), "curl/7.88.1"},
    {CLIENT, UA, "curl/8.0.0", "curl", V(8, 0, 0), NULL},
    {CLIENT, UA, "curl/8.10.1-DEV", "curl", V(8, 0, 0), "curl/8.10.1-DEV"},
    {CLIENT, UA, "curl/", "curl", V(8, 0, 0), NULL},
    {CLIENT, UA, "uploader libcurl/7.80.0 OpenSSL/3.0", "curl", V(7, 69, 0), "libcurl/7.80.0"},
    {CLIENT, UA, "libcurl-agent/1.0", NULL, 0, NULL},
    {CLIENT, UA, "mycurl/7.88.1", NULL, 0, NULL},
    {CLIENT, UA, "curl/99999999999999999999.1.1", "curl", V(8, 0, 0), NULL},
    {CLIENT, UA, "GuzzleHttp/7", "guzzle", 0, "GuzzleHttp/7"},
    {CLIENT, UA, "GuzzleHttp/6.5.5 curl/7.64.0 PHP/7.3.19", "guzzle", 0, "GuzzleHttp/6.5.5"},
    {CLIENT, UA, "PHP/8.2.7", "php-curl", 0, NULL},
    {CLIENT, UA, "Wget/1.21.3", "wget", 0, "Wget/1.21.3"},
    {CLIENT, UA, "wget2/1.99.1", "wget", 0, "wget2/1.99.1"},
    {CLIENT, UA, "git/2.39.2", "git", 0, NULL},
    {CLIENT, UA, "lua-resty-http/0.17.1 (Lua) ngx_lua/10021", "lua-resty-http", 0, NULL},
    /* .NET */
    {CLIENT, UA,
     "Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services Client Protocol 4.0.30319.42000)",
     "dotnet-soap", 0, "MS Web Services Client Protocol 4.0.30319.42000"},
    {CLIENT, QH, "SOAPAction: \"urn:put\"", "wcf", 0, NULL},
    {CLIENT, UA, "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041",
     "dotnet-framework", 0, "WindowsPowerShell/5.1.19041"},
    {CLIENT, UA, "Mozilla/5.0 (Linux; Debian 12; en-US) PowerShell/7.4.1", "dotnet", 0, NULL},
    {CLIENT, UA, "UnityPlayer/2021.3.16f1 (UnityWebRequest/1.0, libcurl/7.84.0-DEV)", "unity", 0,
     NULL},
    /* stores of objects */
    {CLIENT, UA, "Hadoop 3.3.4, aws-sdk-java/1.12.262 Linux/5.10 OpenJDK/11", "hadoop-s3a", 0,
     "Hadoop 3.3.4"},
    {CLIENT, UA, "aws-sdk-java/1.11.0 Linux/4.9 Java_HotSpot(TM)/25.60 java/1.8.0",
     "aws-sdk-java-1", 0, NULL},
    {CLIENT, UA, "aws-sdk-java/2.20.1 Linux/5.10 Java/17.0.6", "aws-sdk-java-2", 0, NULL},
    {CLIENT, UA, "aws-sdk-js/3.712.0 ua/2.1 os/linux lang/js md/nodejs#20.11.0", "aws-sdk-js", 0,
     "aws-sdk-js/3.712.0"},
    {CLIENT, QH, "x-amz-user-agent: aws-sdk-js/3.712.0", "aws-sdk-js", 0, NULL},
    {CLIENT, UA, "aws-sdk-nodejs/2.1300.0 linux/v18.12.1 promise", "aws-sdk-nodejs", 0, NULL},
    {CLIENT, UA, "aws-sdk-go-v2/1.17.1 os/linux lang/go#1.19", "aws-sdk-go-2", 0, NULL},
    {CLIENT, UA, "aws-sdk-go/1.44.100 (go1.19; linux; amd64) S3Manager", "aws-sdk-go", 0, NULL},
    {CLIENT, UA, "aws-sdk-cpp/1.9.379 Linux/5.10 x86_64 GCC/10.2.1", "aws-sdk-cpp", 0, NULL},
    {CLIENT, UA, "aws-sdk-dotnet-coreclr/3.7.100 aws-sdk-dotnet-core/3.7.100", "aws-sdk-dotnet", 0,
     NULL},
    {CLIENT, UA, "Soto/6.0", "soto", 0, NULL},
    {CLIENT, UA, "aws-cli/2.9.19 Python/3.11.2 Linux/6.1 botocore/2.4.5", "aws-cli", 0,
     "aws-cli/2.9.19"},
    {CLIENT, UA, "Boto3/1.26.27 Python/3.11.2 Linux/6.1.0 Botocore/1.29.27", "botocore", 0,
     "Boto3/1.26.27"},
    {CLIENT, UA, "Botocore/1.29.27 Python/3.11.2", "botocore", 0, "Botocore/1.29.27"},
    {CLIENT, UA, "Boto/2.49.0 Python/2.7.18 Linux/5.10", "boto2", 0, NULL},
    {CLIENT, UA, "MinIO (linux; amd64) minio-go/v7.0.45", "minio-go", 0, "minio-go/v7.0.45"},
    {CLIENT, UA, "rclone/v1.60.1-DEV", "rclone", 0, "rclone/v1.60.1-DEV"},
    /* Go, Java */
    {CLIENT, UA, "Go-http-client/1.1", "go", 0, "Go-http-client/1.1"},
    {CLIENT, UA, "Java-http-client/17.0.9", "java-http-client", 0, NULL},
    {CLIENT, UA, "okhttp/3.13.1", "okhttp", 0, "okhttp/3.13.1"},
    {CLIENT, UA, "Apache-HttpClient/4.5.14 (Java/17.0.9)", "apache-httpclient", V(4, 0, 0), NULL},
    {CLIENT, UA, "Apache-HttpClient/4.0 (java 1.5)", "apache-httpclient", V(4, 0, 0), NULL},
    {CLIENT, UA, "Apache-HttpClient/5.0 (Java/11)", "apache-httpclient", V(5, 0, 0), NULL},
    {CLIENT, UA, "Apache-HttpClient/5.2.1 (Java/17.0.9)", "apache-httpclient", V(5, 0, 0), NULL},
    {CLIENT, UA, "Jakarta Commons-HttpClient/3.1", "commons-httpclient", 0,
     "Jakarta Commons-HttpClient/3.1"},
    {CLIENT, UA, "Jetty/11.0.14", "jetty-client", 0, NULL},
    {CLIENT, UA, "ReactorNetty/1.1.0", "reactor-netty", 0, NULL},
    {CLIENT, UA, "Java/1.8.0_362", "java", 0, "Java/1.8.0_362"},
    /* the rest */
    {CLIENT, UA, "python-requests/2.28.1", "requests", 0, NULL},
    {CLIENT, UA, "python-urllib3/1.26.12", "urllib3", 0, NULL},
    {CLIENT, UA, "Python-urllib/3.11", "urllib", 0, NULL},
    {CLIENT, UA, "HTTPie/3.2.1", "httpie", 0, NULL},
    {CLIENT, UA, "Python/3.11 aiohttp/3.8.4", "aiohttp", 0, "aiohttp/3.8.4"},
    {CLIENT, UA, "Ruby", "ruby", 0, "Ruby"},
    {CLIENT, UA, "libwww-perl/6.68", "lwp", 0, NULL},
    {CLIENT, UA, "undici", "undici", 0, NULL},
    {CLIENT, UA, "node", "undici", 0, "node"},
    {CLIENT, UA, "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", NULL, 0, NULL},
    {CLIENT, UA, "Rubyist/1", NULL, 0, NULL},
    {CLIENT, UA, "axios/1.2.1", "axios", 0, NULL},
    {CLIENT, UA, "libsoup/2.74.3", "libsoup", 0, NULL},
    {CLIENT, UA, "gvfs/1.50.3 libsoup/2.99.9", "libsoup", 0, NULL},
    {CLIENT, UA, "libsoup/3.0.0", "libsoup", V(3, 0, 0), NULL},
    {CLIENT, UA, "libsoup/3.2.2", "libsoup", V(3, 0, 0), NULL},
    {CLIENT, UA, "reqwest/0.11.13", "reqwest", 0, NULL},
    {CLIENT, UA, "WebDAVFS/3.0.0 (03008000) Darwin/22.1.0 (x86_64)", "webdavfs", 0, NULL},
    {CLIENT, QH, "X-Expected-Entity-Length: 1048576", "webdavfs", 0, NULL},
    {CLIENT, UA, "Cyberduck/8.5.0.38961 (Mac OS X/13.0) (x86_64)", "cyberduck", 0, NULL},
    {CLIENT, UA, "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
     "browser", 0, NULL},
    {CLIENT, UA, "lab-client/1.0", NULL, 0, NULL},
    /* servers */
    {SERVER, SRV, "openresty/1.21.4.1", "openresty", 0, NULL},
    {SERVER, SRV, "nginx/1.22.1", "nginx", 0, "nginx/1.22.1"},
    {SERVER, SRV, "nginx", "nginx", 0, "nginx"},
    {SERVER, SRV, "nginx-like/1.0", NULL, 0, NULL},
    {SERVER, SRV, "Apache-Coyote/1.1", "tomcat", 0, NULL},
    {SERVER, BODY, "<!doctype html><h3>Apache Tomcat/10.1.6 (Debian)</h3>", "tomcat", 0, NULL},
    {SERVER, SRV, "Apache-HttpCore/5.2 (Java/17)", "httpcore-server", 0, NULL},
    {SERVER, SRV, "Apache/2.2.15 (CentOS)", "apache", 0, NULL},
    {SERVER, SRV, "Apache/2.4.39 (Unix)", "apache", 0, NULL},
    {SERVER, SRV, "Apache/2.4.40 (Unix)", "apache", V(2, 4, 40), NULL},
    {SERVER, SRV, "Apache/2.4.46 (Debian)", "apache", V(2, 4, 40), NULL},
    {SERVER, SRV, "Apache/2.4.47 (Unix)", "apache", V(2, 4, 47), NULL},
    {SERVER, SRV, "Apache/2.4.53 (Debian)", "apache", V(2, 4, 47), NULL},
    {SERVER, SRV, "Apache/2.4.54 (Debian)", "apache", V(2, 4, 54), NULL},
    {SERVER, SRV, "Apache/2.4.57 (Debian) PHP/8.2", "apache", V(2, 4, 54), "Apache/2.4.57"},
    {SERVER, SRV, "Apache", "apache", V(2, 4, 54), "Apache"},
    {SERVER, BODY, "<p>Only the 100-continue expectation is supported.</p>", "apache", V(2, 4, 54),
     NULL},
    {SERVER, SRV, "lighttpd/1.4.20", "lighttpd", 0, "lighttpd/1.4.20"},
    {SERVER, SRV, "lighttpd/1.4.21", "lighttpd", V(1, 4, 21), NULL},
    {SERVER, SRV, "lighttpd/1.4.45", "lighttpd", V(1, 4, 21), NULL},
    {SERVER, SRV, "lighttpd/1.4.46", "lighttpd", V(1, 4, 46), NULL},
    {SERVER, SRV, "lighttpd/1.4.69", "lighttpd", V(1, 4, 46), NULL},
    {SERVER, SRV, "h2o/2.2.5", "h2o", 0, NULL},
    {SERVER, BODY, "Error: Can not fulfill expectation", "civetweb", 0, NULL},
    {SERVER, SRV, "Mongoose/6.18", "mongoose", 0, NULL},
    {SERVER, SRV, "XrootD/v5.5.2", "xrootd", 0, NULL},
    {SERVER, SRV, "XrootD/v5.5.3", "xrootd", V(5, 5, 3), "XrootD/v5.5.3"},
    {SERVER, SRV, "Microsoft-IIS/6.0", "iis", 0, NULL},
    {SERVER, SRV, "Microsoft-IIS/7.0", "iis", V(7, 0, 0), NULL},
    {SERVER, SRV, "Microsoft-IIS/10.0", "iis", V(7, 0, 0), NULL},
    {SERVER, SRV, "Microsoft-HTTPAPI/2.0", "http-sys", 0, NULL},
    {SERVER, SRV, "Kestrel", "kestrel", 0, NULL},
    {SERVER, SRV, "Mono-HTTPAPI/1.0", "mono-httplistener", 0, NULL},
    {SERVER, SRV, "Jetty(9.4.50.v20221201)", "jetty", 0, "Jetty(9.4.50.v20221201)"},
    {SERVER, SRV, "WildFly/10", "undertow", 0, NULL},
    {SERVER, RH, "X-Powered-By: Undertow/1", "undertow", 0, NULL},
    {SERVER, SRV, "MinIO", "minio", 0, NULL},
    {SERVER, SRV, "AmazonS3", "s3", 0, NULL},
    {SERVER, RH, "x-amz-request-id: A1\nx-amz-id-2: abc=", "s3", 0, NULL},
    {SERVER, SRV, "Caddy", "caddy", 0, NULL},
    {SERVER, RH, "X-Powered-By: Express", "nodejs", 0, NULL},
    {SERVER, SRV, "Werkzeug/2.2.2 Python/3.11.2", "werkzeug", 0, NULL},
    {SERVER, SRV, "WSGIServer/0.2 CPython/3.11.2", "wsgiref", 0, NULL},
    {SERVER, SRV, "Python/3.11 aiohttp/3.8.4", "aiohttp-server", 0, "aiohttp/3.8.4"},
    {SERVER, SRV, "BaseHTTP/0.6 Python/3.11.2", "python-http-server", 0, NULL},
    {SERVER, SRV, "SimpleHTTP/0.6 Python/3.11.2", "python-http-server", 0, NULL},
    {SERVER, SRV, "gunicorn", "gunicorn", 0, NULL},
    {SERVER, SRV, "gunicorn/19.9.0", "gunicorn", 0, NULL},
    {SERVER, SRV, "uvicorn", "uvicorn", 0, NULL},
    {SERVER, SRV, "TornadoServer/6.2", "tornado", 0, NULL},
    {SERVER, SRV, "TwistedWeb/22.4.0", "twisted", 0, NULL},
    {SERVER, SRV, "Cheroot/9.0.0", "cheroot", 0, NULL},
    {SERVER, SRV, "waitress", "waitress", 0, NULL},
    {SERVER, SRV, "puma 3.5.2", "puma", 0, NULL},
    {SERVER, SRV, "puma 3.6.0", "puma", V(3, 6, 0), NULL},
    {SERVER, SRV, "puma 5.6.5", "puma", V(3, 6, 0), NULL},
    {SERVER, SRV, "WEBrick/1.8.1 (Ruby/3.1.2/2022-04-12)", "webrick", 0, NULL},
    {SERVER, SRV, "scripted/1.0", NULL, 0, NULL},
    /* between */
    {BETWEEN, VIA, "1.0 proxy (squid/3.1.23)", "squid", 0, "squid/3.1.23"},
    {BETWEEN, VIA, "1.0 proxy:3128 (squid/2.7.STABLE9)", "squid", 0, NULL},
    {BETWEEN, SRV, "squid/3.1.20", "squid", 0, NULL},
    {BETWEEN, VIA, "1.1 proxy (squid/3.2.0)", "squid", V(3, 2, 0), NULL},
    {BETWEEN, VIA, "1.1 proxy (squid/3.5.27)", "squid", V(3, 2, 0), NULL},
    {BETWEEN, VIA, "1.1 proxy (squid/4.0)", "squid", V(4, 0, 0), NULL},
    {BETWEEN, VIA, "1.1 proxy.example (squid/5.7)", "squid", V(4, 0, 0), "squid/5.7"},
    {BETWEEN, VIA, "1.1 squid (squid/3.2.1)", "squid", V(3, 2, 0), "squid/3.2.1"},
    {BETWEEN, VIA, "1.1 varnish (Varnish/7.1), 1.1 p (squid/5.7)", "varnish", 0, "Varnish/7.1"},
    {BETWEEN, VIA, "1.1 varnish, 1.1 p (squid/5.7)", "varnish", 0, "varnish"},
    {BETWEEN, AW_TEXT_X_SQUID_ERROR, "ERR_INVALID_REQ 0", "squid", V(4, 0, 0), NULL},
    {BETWEEN, BODY,
     "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this "
     "request.\n</body></html>",
     "haproxy", 0, NULL},
    {BETWEEN, VIA, "1.1 vm (Varnish/7.1)", "varnish", 0, "Varnish/7.1"},
    {BETWEEN, VIA, "1.1 varnish", "varnish", 0, NULL},
    {BETWEEN, RH, "X-Varnish: 32770", "varnish", 0, NULL},
    {BETWEEN, SRV, "ATS/8.1.11", "trafficserver", 0, NULL},
    {BETWEEN, SRV, "ATS/9.2.15", "trafficserver", 0, "ATS/9.2.15"},
    {BETWEEN, SRV, "ATS/9.2.16", "trafficserver", V(9, 2, 16), NULL},
    {BETWEEN, SRV, "ATS/9.9.9", "trafficserver", V(9, 2, 16), NULL},
    {BETWEEN, SRV, "ATS/10.0.0", "trafficserver", V(10, 0, 0), NULL},
    {BETWEEN, VIA, "http/1.1 vm (ApacheTrafficServer/9.2.5 [cMsSf ])", "trafficserver", 0,
     "ApacheTrafficServer/9.2.5"},
    {BETWEEN, SRV, "envoy", "envoy", 0, NULL},
    {BETWEEN, SRV, "istio-envoy", "envoy", 0, NULL},
    {BETWEEN, RH, "x-envoy-upstream-service-time: 3", "envoy", 0, NULL},
    {BETWEEN, VIA, "1.1 tinyproxy (tinyproxy/1.11.1)", "tinyproxy", 0, NULL},
    {BETWEEN, AW_TEXT_REASON, "Expecting too much", "privoxy", 0, NULL},
    {BETWEEN, SRV, "mitmproxy 9.0.1", "mitmproxy", 0, "mitmproxy 9.0.1"},
    {BETWEEN, VIA, "1.1 nghttpx", "nghttpx", 0, NULL},
    {BETWEEN, SRV, "kong/3.4.2", "kong", 0, NULL},
    {BETWEEN, VIA, "kong/3.4.2", "kong", 0, NULL},
    {BETWEEN, RH, "X-Vcap-Request-Id: 7c3e", "gorouter", 0, NULL},
    {BETWEEN, SRV, "WebSEAL/9.0.7.1", "webseal", 0, NULL},
    {BETWEEN, VIA, "NS-CACHE-10.0: 3", "netscaler", 0, NULL},
    {BETWEEN, SRV, "cloudflare", "cloudflare", 0, NULL},
    {BETWEEN, RH, "CF-RAY: 7a1b2c3d4e5f-FRA", "cloudflare", 0, NULL},
    {BETWEEN, RH, "X-Served-By: cache-fra-eddf8230020-FRA", "fastly", 0, NULL},
    {BETWEEN, SRV, "AkamaiGHost", "akamai", 0, NULL},
    {BETWEEN, SRV, "CloudFront", "cloudfront", 0, NULL},
    {BETWEEN, VIA, "1.1 3a1b.cloudfront.net (CloudFront)", "cloudfront", 0, NULL},
    {BETWEEN, AW_TEXT_X_CACHE, "Error from cloudfront", "cloudfront", 0, NULL},
    {BETWEEN, SRV, "awselb/2.0", "awselb", 0, "awselb/2.0"},
    {BETWEEN, SRV, "BigIP", "bigip", 0, NULL},
    {BETWEEN, SRV, "Microsoft-Azure-Application-Gateway/v2", "azure", 0, NULL},
    {BETWEEN, SRV, "Google Frontend", "google-lb", 0, NULL},
    {BETWEEN, VIA, "1.1 google", "google-lb", 0, NULL},
    {BETWEEN, RH, "X-Iinfo: 5-1234-0 0NNN RT(1) q(0 -1 -1 -1)", "imperva", 0, NULL},
    {BETWEEN, VIA, "1.1 vegur", "heroku", 0, NULL},
    {BETWEEN, SRV, "nginx/1.22.1", NULL, 0, NULL},
};
enum { HEADS = sizeof heads / sizeof *heads };

static struct aw_agent_seen look(enum side side, enum aw_text text, const char *value)
{
    struct case_maker m;
    case_begin(&m);
    memset(&m.x.text[UA], 0, sizeof m.x.text[UA]);
    case_text(&m, text, value);
    return side == CLIENT
               ? aw_agent_client(NULL, &m.x)
               : (side == SERVER ? aw_agent_server(NULL, &m.x) : aw_agent_between(NULL, &m.x));
}

static void every_head(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (size_t i = 0; i < HEADS; i++) {
        const struct aw_agent_seen seen = look(heads[i].side, heads[i].text, heads[i].value);
        const char *slug = seen.agent ? seen.agent->slug : NULL;
        bool good = (slug == NULL) == (heads[i].slug == NULL);
        if (good && slug)
            good = strcmp(slug, heads[i].slug) == 0 && seen.agent->from == heads[i].from;
        if (good && heads[i].token)
            good = seen.token.len == strlen(heads[i].token) &&
                   memcmp(seen.token.p, heads[i].token, seen.token.len) == 0;
        if (good) continue;
        failed++;
        print_error("%s: got %s from %x, token %.*s\n", heads[i].value, slug ? slug : "nobody",
                    seen.agent ? (unsigned)seen.agent->from : 0u, (int)seen.token.len,
                    seen.token.p ? (const char *)seen.token.p : "");
    }
    assert_int_equal(failed, 0);
}

/* No row without a head that finds it, but for products that name themselves nowhere. */
static void every_row(void **state)
{
    (void)state;
    const struct aw_agent *a;
    for (size_t row = 0; (a = aw_agent_row(row)) != NULL; row++) {
        bool found = a->sign[0].mark == NULL;
        for (size_t i = 0; i < HEADS && !found; i++)
            found =
                heads[i].slug && strcmp(heads[i].slug, a->slug) == 0 && heads[i].from == a->from;
        if (!found) print_error("no head for %s from %x\n", a->slug, (unsigned)a->from);
        assert_true(found);
    }
}

static bool ascii(const char *s)
{
    for (; *s; s++)
        if (*s < 0x20 || *s > 0x7e) return false;
    return true;
}

static void rows_are_whole(void **state)
{
    (void)state;
    unsigned count[AW_AGENT_ROLES] = {0};
    const struct aw_agent *a, *before = NULL;
    for (size_t row = 0; (a = aw_agent_row(row)) != NULL; row++, before = a) {
        const bool same = before && strcmp(before->slug, a->slug) == 0;
        if (!same) count[a->role]++;
        assert_true(ascii(a->slug) && ascii(a->name) && ascii(a->about) && ascii(a->source));
        assert_true(strlen(a->about) > 10 && strlen(a->source) > 7);
        assert_true(a->below == 0 || a->from < a->below);
        /* Rows of a product leave no gap, and the last is open. */
        if (same) assert_true(a->from == before->below && a->role == before->role);
        if (!same && before) assert_int_equal(before->below, 0);
        /* What is looked for begins with a letter: other words are passed over. */
        for (unsigned n = 0; n < sizeof a->sign / sizeof *a->sign && a->sign[n].mark; n++)
            assert_true((a->sign[n].mark[0] | 0x20) >= 'a' && (a->sign[n].mark[0] | 0x20) <= 'z');
        bool any = false;
        for (unsigned n = 0; n < AW_NEEDS; n++) {
            if (a->fix[n] == NULL) continue;
            any = true;
            assert_true(ascii(a->fix[n]));
            assert_true(strlen(a->fix[n]) < 140);
            /* Each side has settings for its own needs. */
            if (n <= AW_NEED_EMPTY) assert_int_equal(a->role, AW_AGENT_CLIENT);
            if (n == AW_NEED_ANSWER || n == AW_NEED_ACCEPT || n == AW_NEED_EARLY)
                assert_int_not_equal(a->role, AW_AGENT_CLIENT);
        }
        if (!any) assert_int_equal(a->role, AW_AGENT_BALANCER);
        if (a->timer) assert_int_equal(a->role, AW_AGENT_CLIENT);
        if (a->does & (AW_DOES_NO_LIMIT | AW_DOES_AT_ONCE)) assert_int_equal(a->timer, 0);
        for (size_t i = 0; i < row; i++) /* no slug twice, apart */
            if (strcmp(aw_agent_row(i)->slug, a->slug) == 0) assert_true(same);
    }
    assert_true(count[AW_AGENT_CLIENT] >= 40);
    assert_true(count[AW_AGENT_SERVER] + count[AW_AGENT_PROXY] + count[AW_AGENT_BALANCER] >= 30);
}

static void hints_need_silence(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_text(&m, UA, "gSOAP/2.8");
    case_text(&m, QH, "SOAPAction: \"urn:put\"");
    assert_null(aw_agent_client(NULL, &m.x).agent);
    /* A mark inside a value is no line of its own. */
    assert_null(look(CLIENT, QH, "X-Other: SOAPAction: x").agent);
    assert_null(look(BETWEEN, RH, "X-Other: cf-ray: 1").agent);
}

static void timers(void **state)
{
    (void)state;
    static const struct {
        unsigned ms;
        const char *names, *only;
    } waits[] = {
        {350, ".NET Framework", "dotnet-framework"},
        {332, NULL, NULL},
        {333, ".NET Framework", "dotnet-framework"},
        {367, ".NET Framework", "dotnet-framework"},
        {368, NULL, NULL},
        {1000, "curl, .NET HttpClient, botocore and Go net/http", NULL},
        {2000, "Perl LWP", "lwp"},
        {3000, "Apache HttpClient", "apache-httpclient"},
        {5000, "Java HttpURLConnection", "java"},
        {6000, "AWS SDK for JavaScript 3", "aws-sdk-js"},
        {10000, "OkHttp", "okhttp"},
        {700, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        char names[160];
        const bool any = aw_agent_timer(waits[i].ms * AW_MS, names, sizeof names);
        assert_string_equal(names, waits[i].names ? waits[i].names : "");
        assert_int_equal(any, waits[i].names != NULL);
        const struct aw_agent *only = aw_agent_by_timer(waits[i].ms * AW_MS);
        assert_string_equal(only ? only->slug : "", waits[i].only ? waits[i].only : "");
    }
    char small[8]; /* what does not fit is left out whole */
    assert_true(aw_agent_timer(1000 * AW_MS, small, sizeof small));
    assert_string_equal(small, "curl");
}

static void products(void **state)
{
    (void)state;
    static const struct {
        enum aw_dir side;
        enum aw_text text;
        const char *value, *product;
    } rows[] = {
        {AW_C2S, UA, "curl/7.88.1 (x)", "curl/7.88.1"},
        {AW_C2S, UA, "Python/3.11 aiohttp/3.8.4", "aiohttp/3.8.4"},
        {AW_C2S, UA, "Ruby", "Ruby Net::HTTP"},
        {AW_C2S, UA, "thing/1 other/2", "thing/1"},
        {AW_C2S, QH, "SOAPAction: x", "WCF client (.NET Framework)"},
        {AW_S2C, SRV, "Apache/2.4.57 (Debian)", "Apache/2.4.57"},
        {AW_S2C, SRV, "BaseHTTP/0.6 Python/3.11.2", "BaseHTTP/0.6"},
        {AW_S2C, SRV, "scripted/1.0", "scripted/1.0"},
        {AW_S2C, RH, "CF-RAY: 1-FRA", "Cloudflare"},
        {AW_S2C, RH, "X-Runtime: 1", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct case_maker m;
        case_begin(&m);
        memset(&m.x.text[UA], 0, sizeof m.x.text[UA]);
        case_text(&m, rows[i].text, rows[i].value);
        const struct aw_span p = aw_agent_product(NULL, &m.x, rows[i].side);
        assert_int_equal(p.len, strlen(rows[i].product));
        if (p.len) assert_memory_equal(p.p, rows[i].product, p.len);
    }
}

/* What is remembered answers as the table does: the same strings in other places, in other fields
 * and roles, too long to be kept, and more of them than there is room for. */
static void remembered(void **state)
{
    (void)state;
    static const enum aw_text fields[] = {UA, SRV, RH, QH, AW_TEXT_VIA};
    static struct aw_agent_memo memo;
    unsigned named = 0;
    for (unsigned i = 0; i < 4000; i++) {
        const unsigned v = i * 7919 % 500; /* each comes several times, in some order */
        char value[200];
        static const char *const before[] = {"curl/7", "nginx/1", "Apache/2.4", "x squid/5",
                                             "nothing/"};
        const int len = snprintf(value, sizeof value, "%s.%u y", before[v % 5], v % 60);
        if (v % 9 == 0) memset(value + len, ' ', 120), value[len + 120] = '\0';
        struct case_maker m;
        case_begin(&m);
        if (v % 2) memset(&m.x.text[UA], 0, sizeof m.x.text[UA]);
        case_text(&m, fields[i % 5], value);
        for (enum aw_dir side = AW_C2S; side <= AW_S2C; side++) {
            const struct aw_span want = aw_agent_product(NULL, &m.x, side);
            const struct aw_span got = aw_agent_product(&memo, &m.x, side);
            assert_ptr_equal(got.p, want.p);
            assert_int_equal(got.len, want.len);
            named += got.len > 0;
        }
    }
    assert_true(named > 1000);
}

/* --- fixes --- */

static void silent(struct case_maker *m, double wait)
{
    case_content(m, wait, wait + 5, 0);
    case_final(m, wait + 10, 200);
}

static void refused(struct case_maker *m)
{
    case_final(m, 5, 417);
}

/* The fix of `m`, its sentences joined by newlines. */
static const char *fix_of(const struct case_maker *m)
{
    static char all[4096];
    struct aw_verdict v;
    case_judge(m, NULL, &v);
    assert_true(v.fix_count <= 4);
    all[0] = '\0';
    for (unsigned i = 0; i < v.fix_count; i++) {
        strcat(all, v.fix[i]);
        strcat(all, "\n");
    }
    return all;
}

static void expect_in(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) print_error("no '%s' in:\n%s", part, text);
    assert_non_null(strstr(text, part));
}

static void expect_not(const char *text, const char *part)
{
    if (strstr(text, part) != NULL) print_error("'%s' in:\n%s", part, text);
    assert_null(strstr(text, part));
}

static void fixes_fit(void **state)
{
    (void)state;
    struct case_maker m;

    case_begin(&m);
    case_text(&m, UA, "curl/7.88.1");
    case_text(&m, SRV, "lighttpd/1.4.45");
    refused(&m);
    const char *fix = fix_of(&m);
    expect_in(fix, "client curl/7.88.1: curl -H 'Expect:'");
    expect_in(fix, "server lighttpd/1.4.45: server.reject-expect-100-with-417 = \"disable\"");
    expect_not(fix, "--expect100-timeout");

    case_begin(&m);
    case_text(&m, UA, "curl/7.88.1");
    case_text(&m, SRV, "lighttpd/1.4.45");
    silent(&m, 1001);
    fix = fix_of(&m);
    expect_in(fix, "--expect100-timeout");
    expect_in(fix, "server lighttpd/1.4.45: upgrade lighttpd to 1.4.46");
    expect_not(fix, "reject-expect");

    case_begin(&m);
    case_text(&m, UA, "Java-http-client/17.0.9");
    case_text(&m, VIA, "1.1 tinyproxy (tinyproxy/1.11.1)");
    case_text(&m, SRV, "nginx/1.22.1");
    silent(&m, 900);
    fix = fix_of(&m);
    expect_in(fix, "client java.net.http.HttpClient (Java-http-client/17.0.9): ");
    expect_in(fix, "expectContinue(false)");
    expect_in(fix, "intermediary tinyproxy/1.11.1: send no Expect through Tinyproxy");
    expect_in(fix, "server nginx/1.22.1: ");

    case_begin(&m); /* nobody names himself: the general advice */
    memset(&m.x.text[UA], 0, sizeof m.x.text[UA]);
    silent(&m, 700);
    fix = fix_of(&m);
    expect_in(fix, "client: send the request without Expect");
    expect_in(fix, "server: answer 100 Continue");

    case_begin(&m); /* the wait tells the client */
    memset(&m.x.text[UA], 0, sizeof m.x.text[UA]);
    silent(&m, 350);
    fix = fix_of(&m);
    expect_in(fix, "client, if it is .NET Framework (its timer fits the wait of 350.000 ms): ");
    expect_in(fix, "Expect100Continue = false");

    case_begin(&m); /* several clients wait a second */
    memset(&m.x.text[UA], 0, sizeof m.x.text[UA]);
    silent(&m, 1000);
    expect_not(fix_of(&m), "if it is");

    case_begin(&m);
    case_text(&m, UA, "curl/7.88.1");
    case_text(&m, SRV, "gunicorn");
    case_100(&m, 1);
    case_content(&m, 2, 5, CASE_100_END);
    case_final(&m, 10, 403);
    fix = fix_of(&m);
    expect_in(fix, "server gunicorn: put the check in the proxy in front");
    expect_not(fix, "curl");

    case_begin(&m);
    case_text(&m, UA, "python-requests/2.28.1");
    case_content(&m, 0.1, 5, 0);
    case_final(&m, 10, 200);
    fix = fix_of(&m);
    expect_in(fix, "client Python requests (python-requests/2.28.1): ");
    expect_in(fix, "never waits");

    case_begin(&m);
    case_text(&m, VIA, "1.0 proxy (squid/3.1.23)");
    refused(&m);
    expect_in(fix_of(&m), "intermediary squid/3.1.23: ignore_expect_100 on");
}

/* On the origin's leg the proxy names itself in the Via of the request. */
static void forwarder(void **state)
{
    (void)state;
    struct case_maker outer, inner;
    struct aw_verdict v;
    case_begin(&inner);
    case_text(&inner, AW_TEXT_REQ_VIA, "1.1 vm (tinyproxy/1.11.1)");
    case_100(&inner, 1);
    case_content(&inner, 1002, 1005, CASE_100_END);
    case_final(&inner, 1010, 200);
    assert_string_equal(aw_agent_forwarder(NULL, &inner.x).agent->slug, "tinyproxy");
    case_begin(&outer);
    case_text(&outer, UA, "okhttp/4.10.0");
    silent(&outer, 1001);
    const struct aw_case c = {.self = &outer.x, .inner = &inner.x, .input_left = 60 * AW_SEC};
    case_judge(&outer, &c, &v);
    assert_string_equal(aw_cause_slug(v.cause), "continue-not-relayed");
    assert_int_equal(v.fix_count, 2);
    expect_in(v.fix[0], "client okhttp/4.10.0: ");
    expect_in(v.fix[1], "intermediary tinyproxy/1.11.1: ");
}

static void letter_case(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    m.x.req |= AW_REQ_EXPECT_CASE;
    case_text(&m, SRV, "nginx/1.22.1"); /* known not to mind */
    silent(&m, 1001);
    expect_not(fix_of(&m), "lower case");

    case_begin(&m);
    m.x.req |= AW_REQ_EXPECT_CASE;
    case_text(&m, SRV, "TornadoServer/6.2");
    silent(&m, 1001);
    expect_in(fix_of(&m), "server Tornado (TornadoServer/6.2): send 100-continue in lower case");

    case_begin(&m);
    m.x.req |= AW_REQ_EXPECT_CASE;
    silent(&m, 1001);
    expect_in(fix_of(&m), "some servers compare it by letter case");
}

/* Hints, error pages and Via as signs of a hop: what may make a refusal the proxy's. */
static void hops(void **state)
{
    (void)state;
    static const struct {
        enum aw_text text;
        const char *value;
        enum aw_cause cause;
    } rows[] = {
        {SRV, "nginx/1.22.1", AW_CAUSE_EXPECT_REFUSED},
        {SRV, "squid/5.7", AW_CAUSE_EXPECT_REFUSED_BY_PROXY},
        {SRV, "awselb/2.0", AW_CAUSE_EXPECT_REFUSED_BY_PROXY},
        {AW_TEXT_REASON, "Expecting too much", AW_CAUSE_EXPECT_REFUSED_BY_PROXY},
        {RH, "X-Served-By: cache-fra", AW_CAUSE_EXPECT_REFUSED_BY_PROXY},
        {RH, "X-Powered-By: PHP/8.2", AW_CAUSE_EXPECT_REFUSED},
        {BODY, "No server is available to handle this request", AW_CAUSE_EXPECT_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct case_maker m;
        struct aw_verdict v;
        case_begin(&m);
        case_text(&m, rows[i].text, rows[i].value);
        refused(&m);
        case_judge(&m, NULL, &v);
        assert_string_equal(aw_cause_slug(v.cause), aw_cause_slug(rows[i].cause));
    }
}

/* Any bytes at any length: no read beyond them (run under the address sanitizer). */
static void hostile(void **state)
{
    (void)state;
    static const char *const bits[] = {"curl/", "squid", "Jetty(", "Boto3/1.", "x-amz-id-2:",  "\n",
                                       "\xff",  " ",     "/v",     "99999999", "Mozilla/5.0 ("};
    uint32_t seed = 7;
    for (unsigned round = 0; round < 3000; round++) {
        char value[200];
        size_t n = 0;
        for (unsigned i = 0; i < 8; i++) {
            seed = seed * 1664525u + 1013904223u;
            const char *bit = bits[(seed >> 16) % (sizeof bits / sizeof *bits)];
            size_t len = strlen(bit);
            len -= (seed >> 8) % (len + 1) / 2;
            memcpy(value + n, bit, len);
            n += len;
        }
        value[n] = '\0';
        for (unsigned t = 0; t < AW_TEXT_COUNT; t++) {
            const enum side side = (enum side)(round % 3);
            const struct aw_agent_seen seen = look(side, (enum aw_text)t, value);
            if (seen.agent) assert_true(seen.token.len <= n);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_head),     cmocka_unit_test(every_row),
        cmocka_unit_test(rows_are_whole), cmocka_unit_test(hints_need_silence),
        cmocka_unit_test(timers),         cmocka_unit_test(products),
        cmocka_unit_test(remembered),     cmocka_unit_test(fixes_fit),
        cmocka_unit_test(forwarder),      cmocka_unit_test(letter_case),
        cmocka_unit_test(hops),           cmocka_unit_test(hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
