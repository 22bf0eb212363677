// more.js CLIENT URL BYTES [SECONDS]: uploads with what stands on Node.js: axios, or fetch (undici);
// with "-plain" behind it without Expect. Prints "CODE status" (000 and the error where there was
// none) and "TIME seconds". NODE_PATH names the folder of Debian's libraries.
const [client, url, bytes, seconds = '20'] = process.argv.slice(2);
const content = 'u'.repeat(Number(bytes));
const headers = client.endsWith('-plain') ? {} : {Expect: '100-continue'};
const timeout = Number(seconds) * 1000;
const start = process.hrtime.bigint();
const say = (...what) => {
  console.log('CODE', ...what);
  console.log('TIME', (Number(process.hrtime.bigint() - start) / 1e9).toFixed(3));
  process.exit(0);
};
const sent = client.startsWith('axios')
  ? require('/usr/share/nodejs/axios/dist/node/axios.cjs').put(url, content, {headers, timeout, validateStatus: null})
  : fetch(url, {method: 'PUT', body: content, headers, signal: AbortSignal.timeout(timeout)});
sent.then((answer) => say(answer.status), (e) => say('000', e.message, e.cause ? e.cause.message : ''));
