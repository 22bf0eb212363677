// put.js URL BYTES [WAIT [SECONDS]]: uploads with Node's http and Expect. Node waits for ever; the
// content goes on 'continue', or WAIT seconds after the head ("never" by default, "0": at once).
// Prints "got 100", "CODE status" (000 and the error where there was none) and "TIME seconds".
const http = require('http');

const [url, bytes, wait = 'never', seconds = '20'] = process.argv.slice(2);
const content = 'u'.repeat(Number(bytes));
const start = process.hrtime.bigint();
const say = (...what) => {
  console.log('CODE', ...what);
  console.log('TIME', (Number(process.hrtime.bigint() - start) / 1e9).toFixed(3));
  process.exit(0);
};

const req = http.request(url, {
  method: 'PUT', headers: {'Content-Length': content.length, 'Expect': '100-continue', 'User-Agent': 'node-put'}});
let sent = false;
const send = () => { if (!sent) { sent = true; req.end(content); } };
req.on('continue', () => { console.log('got 100'); send(); });
req.on('response', (res) => { res.resume(); res.on('end', () => say(res.statusCode)); });
req.on('error', (e) => say('000', e.message));
setTimeout(() => req.destroy(new Error('timeout')), Number(seconds) * 1000);
if (wait === '0') send();
else {
  req.flushHeaders();
  if (wait !== 'never') setTimeout(send, Number(wait) * 1000);
}
