import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.RequestBody;
import org.apache.commons.httpclient.methods.ByteArrayRequestEntity;
import org.apache.commons.httpclient.methods.PutMethod;
import org.apache.hc.client5.http.classic.methods.HttpPut;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.util.BytesContentProvider;
import org.eclipse.jetty.http.HttpMethod;

/**
 * PutMore CLIENT URL BYTES [SECONDS]: uploads with Expect; CLIENT is okhttp, apache5, commons
 * (Commons HttpClient 3) or jetty; with "-plain" behind it Expect is not asked for. SECONDS is the
 * limit of OkHttp's read and of Jetty's idleness. Prints "CODE status" (000 and the error where
 * there was none) and "TIME seconds".
 */
public class PutMore {
    static int okhttp(String url, byte[] content, boolean expect, int seconds) throws Exception {
        OkHttpClient.Builder client = new OkHttpClient.Builder().retryOnConnectionFailure(false);
        if (seconds > 0) client.readTimeout(seconds, TimeUnit.SECONDS);
        okhttp3.Request.Builder put = new okhttp3.Request.Builder().url(url).put(RequestBody.create(null, content));
        if (expect) put.header("Expect", "100-continue");
        try (okhttp3.Response answer = client.build().newCall(put.build()).execute()) {
            return answer.code();
        }
    }

    static int apache5(String url, byte[] content, boolean expect) throws Exception {
        HttpPut put = new HttpPut(url);
        put.setConfig(RequestConfig.custom().setExpectContinueEnabled(expect).build());
        put.setEntity(new ByteArrayEntity(content, ContentType.APPLICATION_OCTET_STREAM));
        try (CloseableHttpClient client = HttpClients.custom().disableAutomaticRetries().build()) {
            return client.execute(put, answer -> answer.getCode());
        }
    }

    static int commons(String url, byte[] content, boolean expect) throws Exception {
        PutMethod put = new PutMethod(url);
        put.getParams().setBooleanParameter("http.protocol.expect-continue", expect);
        put.setRequestEntity(new ByteArrayRequestEntity(content));
        return new org.apache.commons.httpclient.HttpClient().executeMethod(put);
    }

    static int jetty(String url, byte[] content, boolean expect, int seconds) throws Exception {
        HttpClient client = new HttpClient();
        client.start();
        org.eclipse.jetty.client.api.Request put = client.newRequest(url).method(HttpMethod.PUT)
                .content(new BytesContentProvider(content));
        if (seconds > 0) put.idleTimeout(seconds, TimeUnit.SECONDS);
        if (expect) put.header("Expect", "100-continue");
        return put.send().getStatus();
    }

    public static void main(String[] args) {
        String[] client = args[0].split("-");
        boolean expect = client.length == 1;
        byte[] content = new byte[Integer.parseInt(args[2])];
        int seconds = args.length > 3 ? Integer.parseInt(args[3]) : 0;
        Arrays.fill(content, (byte) 'u');
        long start = System.nanoTime();
        try {
            System.out.println("CODE " + switch (client[0]) {
                case "okhttp" -> okhttp(args[1], content, expect, seconds);
                case "apache5" -> apache5(args[1], content, expect);
                case "commons" -> commons(args[1], content, expect);
                default -> jetty(args[1], content, expect, seconds);
            });
        } catch (Exception e) {
            System.out.println("CODE 000 " + e);
        }
        System.out.printf("TIME %.3f%n", (System.nanoTime() - start) / 1e9);
        System.exit(0);
    }
}
