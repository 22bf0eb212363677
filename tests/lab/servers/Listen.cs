// Listen.exe ADDRESS PORT: HttpListener; /up/ reads, 201; else 403 unread.
using System.IO;
using System.Net;

class Listen {
    static void Main(string[] args) {
        var listener = new HttpListener();
        listener.Prefixes.Add("http://" + args[0] + ":" + args[1] + "/");
        listener.Start();
        while (true) {
            var x = listener.GetContext();
            x.Response.StatusCode = 403;
            if (x.Request.RawUrl.StartsWith("/up/")) {
                x.Request.InputStream.CopyTo(Stream.Null);
                x.Response.StatusCode = 201;
            }
            x.Response.Close();
        }
    }
}
