<?php
// put.php URL BYTES [WAIT_MS|off|mute]: uploads with PHP's curl extension, which sends Expect by
// itself. WAIT_MS is CURLOPT_EXPECT_100_TIMEOUT_MS; off: no Expect; mute: no User-Agent set.
// Prints libcurl's account, "CODE status" and "TIME seconds".
$content = str_repeat('u', (int)$argv[2]);
$in = fopen('php://memory', 'w+');
fwrite($in, $content);
rewind($in);
$c = curl_init($argv[1]);
curl_setopt_array($c, [CURLOPT_UPLOAD => true, CURLOPT_INFILE => $in, CURLOPT_INFILESIZE => strlen($content),
    CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 20, CURLOPT_VERBOSE => true, CURLOPT_STDERR => STDOUT,
    CURLOPT_USERAGENT => 'PHP/' . PHP_VERSION . ' curl/' . curl_version()['version']]);
$how = $argv[3] ?? '';
if ($how === 'off') curl_setopt($c, CURLOPT_HTTPHEADER, ['Expect:']);
elseif ($how === 'mute') curl_setopt($c, CURLOPT_USERAGENT, null);
elseif ($how !== '') curl_setopt($c, CURLOPT_EXPECT_100_TIMEOUT_MS, (int)$how);
curl_exec($c);
printf("CODE %03d %s\nTIME %.3f\n", curl_getinfo($c, CURLINFO_RESPONSE_CODE), curl_error($c),
    curl_getinfo($c, CURLINFO_TOTAL_TIME));
