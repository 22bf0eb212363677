# serve.rb ADDRESS PORT: WEBrick; its servlet does not call `continue`, save under /continue/.
require 'webrick'

class Upload < WEBrick::HTTPServlet::AbstractServlet
  def do_PUT(req, res)
    req.continue if req.path.start_with?('/continue/')
    req.body
    res.status = 201
  end
end

server = WEBrick::HTTPServer.new(BindAddress: ARGV[0], Port: ARGV[1].to_i, AccessLog: [],
                                 Logger: WEBrick::Log.new($stderr, WEBrick::Log::FATAL))
server.mount '/', Upload
server.start
