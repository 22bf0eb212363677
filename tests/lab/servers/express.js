// express.js ADDRESS PORT: Express; /think/ pauses 0.6 s, then reads, 201; /forbidden/ 403 unread;
// else reads, 201. NODE_PATH names the folder of Debian's libraries.
const app = require('express')();

const read = (req, res) => { req.resume(); req.on('end', () => res.sendStatus(201)); };
app.use((req, res) => {
  if (req.url.startsWith('/think/')) setTimeout(() => read(req, res), 600);
  else if (req.url.startsWith('/forbidden/')) res.sendStatus(403);
  else read(req, res);
});
app.listen(Number(process.argv[3]), process.argv[2]);
