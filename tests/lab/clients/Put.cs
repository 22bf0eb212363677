// Put.exe URL BYTES [off|mute]: uploads with HttpWebRequest, which sends Expect by itself and hardly
// waits. off: no Expect; mute: no User-Agent set.
// Prints "CODE status" (000 and the error where there was none) and "TIME seconds".
using System;
using System.Diagnostics;
using System.Net;

class Put {
    static void Main(string[] args) {
        var content = new byte[int.Parse(args[1])];
        for (int i = 0; i < content.Length; i++) content[i] = (byte)'u';
        var how = args.Length > 2 ? args[2] : "";
        if (how == "off") ServicePointManager.Expect100Continue = false;
        var watch = Stopwatch.StartNew();
        try {
            var request = (HttpWebRequest)WebRequest.Create(args[0]);
            request.Method = "PUT";
            if (how != "mute") request.UserAgent = "mono-put";
            request.ContentLength = content.Length;
            request.Timeout = 20000;
            using (var to = request.GetRequestStream()) to.Write(content, 0, content.Length);
            using (var answer = (HttpWebResponse)request.GetResponse())
                Console.WriteLine("CODE " + (int)answer.StatusCode);
        } catch (WebException e) {
            var answer = e.Response as HttpWebResponse;
            Console.WriteLine(answer != null ? "CODE " + (int)answer.StatusCode : "CODE 000 " + e.Message);
        } catch (Exception e) {
            Console.WriteLine("CODE 000 " + e.Message);
        }
        Console.WriteLine("TIME {0:F3}", watch.Elapsed.TotalSeconds);
    }
}
