// serve.js ADDRESS PORT: Node's http. On PORT it sends the 100 itself; on PORT + 1 a checkContinue
// handler decides by the path: /refused/ 417, /large/ 413, /early/ 200, /think/ the 100 after 0.6 s,
// /late/ after 1.4 s, else the 100 at once. Without Expect, /unasked/ sends a 100 that nobody wants.
const http = require('http');

const [address, port] = process.argv.slice(2);
const read = (req, res, status) => {
  let n = 0;
  req.on('data', (piece) => { n += piece.length; });
  req.on('end', () => {
    console.log(req.method, req.url, req.headers.expect, n, status);
    res.writeHead(status, {'Content-Length': 0});
    res.end();
  });
};
const refuse = (req, res, status) => {
  console.log(req.method, req.url, req.headers.expect, 'unread', status);
  res.writeHead(status, {'Content-Length': 0});
  res.end();
};
const plain = (req, res) => {
  if (req.url.startsWith('/unasked/')) res.writeContinue();
  if (req.url.startsWith('/needless/')) read(req, res, 417);
  else read(req, res, req.url.startsWith('/after/') ? 403 : 201);
};
const check = (req, res) => {
  const proceed = (ms) => setTimeout(() => { res.writeContinue(); read(req, res, 201); }, ms);
  switch (req.url.split('/')[1]) {
    case 'refused': return refuse(req, res, 417);
    case 'large': return refuse(req, res, 413);
    case 'early': return refuse(req, res, 200);
    case 'think': return proceed(600);
    case 'late': return proceed(1400);
    default: return proceed(0);
  }
};
http.createServer(plain).listen(Number(port), address);
http.createServer(plain).on('checkContinue', check).listen(Number(port) + 1, address);
