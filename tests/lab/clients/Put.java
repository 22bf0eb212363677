import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Arrays;
import org.apache.http.client.config.RequestConfig;
import org.apache.http.client.methods.HttpPut;
import org.apache.http.entity.ByteArrayEntity;
import org.apache.http.impl.client.CloseableHttpClient;
import org.apache.http.impl.client.HttpClients;

/**
 * Put CLIENT URL BYTES [SECONDS]: uploads with Expect; CLIENT is url (HttpURLConnection), http
 * (java.net.http) or apache (HttpClient 4). SECONDS is java.net.http's timeout. Prints "CODE status"
 * (000 and the error where there was none) and "TIME seconds".
 */
public class Put {
    static int url(String url, byte[] content) throws Exception {
        HttpURLConnection c = (HttpURLConnection) new URI(url).toURL().openConnection();
        c.setRequestMethod("PUT");
        c.setRequestProperty("Expect", "100-Continue");
        c.setFixedLengthStreamingMode(content.length);
        c.setDoOutput(true);
        c.setReadTimeout(20000);
        try (OutputStream out = c.getOutputStream()) {
            out.write(content);
        }
        return c.getResponseCode();
    }

    static int http(String url, byte[] content, int seconds) throws Exception {
        HttpRequest r = HttpRequest.newBuilder(new URI(url)).version(HttpClient.Version.HTTP_1_1)
                .expectContinue(true).timeout(Duration.ofSeconds(seconds))
                .PUT(HttpRequest.BodyPublishers.ofByteArray(content)).build();
        return HttpClient.newHttpClient().send(r, HttpResponse.BodyHandlers.discarding()).statusCode();
    }

    static int apache(String url, byte[] content) throws Exception {
        HttpPut put = new HttpPut(url);
        put.setConfig(RequestConfig.custom().setExpectContinueEnabled(true).build());
        put.setEntity(new ByteArrayEntity(content));
        try (CloseableHttpClient client = HttpClients.custom().disableAutomaticRetries().build()) {
            return client.execute(put).getStatusLine().getStatusCode();
        }
    }

    public static void main(String[] args) {
        byte[] content = new byte[Integer.parseInt(args[2])];
        int seconds = args.length > 3 ? Integer.parseInt(args[3]) : 20;
        Arrays.fill(content, (byte) 'u');
        long start = System.nanoTime();
        try {
            System.out.println("CODE " + switch (args[0]) {
                case "url" -> url(args[1], content);
                case "http" -> http(args[1], content, seconds);
                default -> apache(args[1], content);
            });
        } catch (Exception e) {
            System.out.println("CODE 000 " + e);
        }
        System.out.printf("TIME %.3f%n", (System.nanoTime() - start) / 1e9);
        System.exit(0);
    }
}
