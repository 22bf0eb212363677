import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.net.InetAddress;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.impl.bootstrap.StandardFilter;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.support.HttpServerExpectationFilter;
import org.apache.hc.core5.http.protocol.HttpContext;

/**
 * ServeMore ADDRESS PORT: Netty with HttpObjectAggregator (100000 bytes at most) on PORT, without
 * it on PORT + 1, HttpCore 5 on PORT + 2; its filter refuses what is not under /up/. 201 to all.
 */
public class ServeMore {
    static class Created extends SimpleChannelInboundHandler<Object> {
        @Override
        protected void channelRead0(ChannelHandlerContext at, Object message) {
            if (!(message instanceof io.netty.handler.codec.http.LastHttpContent)) return;
            DefaultFullHttpResponse answer = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CREATED);
            HttpUtil.setContentLength(answer, 0);
            at.writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE);
        }
    }

    static void netty(String address, int port, boolean aggregate) throws Exception {
        new ServerBootstrap().group(new NioEventLoopGroup(1), new NioEventLoopGroup(2))
                .channel(NioServerSocketChannel.class).childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel c) {
                        c.pipeline().addLast(new HttpServerCodec());
                        if (aggregate) c.pipeline().addLast(new HttpObjectAggregator(100000));
                        c.pipeline().addLast(new Created());
                    }
                }).bind(address, port).sync();
    }

    static void core(String address, int port) throws Exception {
        org.apache.hc.core5.http.impl.bootstrap.ServerBootstrap.bootstrap()
                .setLocalAddress(InetAddress.getByName(address)).setListenerPort(port)
                .replaceFilter(StandardFilter.EXPECT_CONTINUE.name(), new HttpServerExpectationFilter() {
                    @Override
                    protected boolean verify(ClassicHttpRequest request, HttpContext context) throws HttpException {
                        return request.getPath().startsWith("/up/");
                    }
                })
                .setCanonicalHostName(address)
                .register("*", (request, answer, context) -> {
                    HttpEntity content = request.getEntity();
                    if (content != null) EntityUtils.consume(content);
                    answer.setCode(201);
                }).create().start();
    }

    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(args[1]);
        netty(args[0], port, true);
        netty(args[0], port + 1, false);
        core(args[0], port + 2);
    }
}
