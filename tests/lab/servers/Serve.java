import com.sun.net.httpserver.HttpServer;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;

/**
 * Serve ADDRESS PORT FOLDER: com.sun.net.httpserver on PORT, Tomcat on PORT + 1. /up/ reads, 201;
 * /forbidden/ 403 unread.
 */
public class Serve {
    static void jdk(String address, int port) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(address, port), 0);
        server.createContext("/", x -> {
            int status = 403;
            if (x.getRequestURI().getPath().startsWith("/up/")) {
                x.getRequestBody().readAllBytes();
                status = 201;
            }
            x.sendResponseHeaders(status, -1);
            x.close();
        });
        server.start();
    }

    static class Upload extends HttpServlet {
        @Override
        protected void service(HttpServletRequest r, HttpServletResponse a) throws IOException {
            if (!r.getRequestURI().startsWith("/up/")) {
                a.sendError(403);
                return;
            }
            r.getInputStream().readAllBytes();
            a.setStatus(201);
        }
    }

    static void tomcat(String address, int port, String folder) throws Exception {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(folder);
        Connector connector = new Connector();
        connector.setProperty("address", address);
        connector.setPort(port);
        tomcat.setConnector(connector);
        var context = tomcat.addContext("", new File(folder).getAbsolutePath());
        Tomcat.addServlet(context, "upload", new Upload());
        context.addServletMappingDecoded("/", "upload");
        tomcat.start();
    }

    public static void main(String[] args) throws Exception {
        InetAddress.getByName(args[0]);
        jdk(args[0], Integer.parseInt(args[1]));
        tomcat(args[0], Integer.parseInt(args[1]) + 1, args[2]);
    }
}
