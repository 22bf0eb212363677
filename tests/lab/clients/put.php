<?php
// put.php URL BYTES [WAIT_MS]: uploads with PHP's curl extension, which sends Expect by itself.
// WAIT_MS is CURLOPT_EXPECT_100_TIMEOUT_MS where the extension knows it.
// Prints libcurl's account, "CODE status" and "TIME seconds".
$content = str_repeat('u', (int)$argv[2]);
$in = fopen('php://memory', 'w+');
fwrite($in, $content);
rewind($in);
$c = curl_init($argv[1]);
curl_setopt_array($c, [CURLOPT_UPLOAD => true, CURLOPT_INFILE => $in, CURLOPT_INFILESIZE => strlen($content),
    CURLOPT_RETURNTRANSFER => true, CURLOPT_TIMEOUT => 20, CURLOPT_VERBOSE => true, CURLOPT_STDERR => STDOUT,
    CURLOPT_USERAGENT => 'PHP/' . PHP_VERSION . ' curl/' . curl_version()['version']]);
curl_exec($c);
printf("CODE %03d %s\nTIME %.3f\n", curl_getinfo($c, CURLINFO_RESPONSE_CODE), curl_error($c),
    curl_getinfo($c, CURLINFO_TOTAL_TIME));
