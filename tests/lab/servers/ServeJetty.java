import java.io.IOException;
import java.net.InetSocketAddress;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.AbstractHandler;

/** ServeJetty ADDRESS PORT: Jetty 9. /up/ reads, 201; /think/ pauses 0.6 s first; else 403 unread. */
public class ServeJetty {
    public static void main(String[] args) throws Exception {
        Server server = new Server(new InetSocketAddress(args[0], Integer.parseInt(args[1])));
        server.setHandler(new AbstractHandler() {
            @Override
            public void handle(String path, Request base, HttpServletRequest r, HttpServletResponse a)
                    throws IOException {
                base.setHandled(true);
                if (path.startsWith("/think/")) {
                    try {
                        Thread.sleep(600);
                    } catch (InterruptedException e) {
                        return;
                    }
                } else if (!path.startsWith("/up/")) {
                    a.setStatus(403);
                    return;
                }
                r.getInputStream().readAllBytes();
                a.setStatus(201);
            }
        });
        server.start();
    }
}
