<?php
// guzzle.php URL BYTES [off]: uploads with Guzzle, which adds Expect to large content by itself;
// "off" tells it not to. Prints "CODE status" (000 and the error where there was none).
require '/usr/share/php/GuzzleHttp/autoload.php';
$options = ['body' => str_repeat('u', (int)$argv[2]), 'http_errors' => false, 'timeout' => 20];
if (($argv[3] ?? '') === 'off') $options['expect'] = false;
try {
    $answer = (new GuzzleHttp\Client())->request('PUT', $argv[1], $options);
    echo 'CODE ', $answer->getStatusCode(), "\n";
} catch (Exception $e) {
    echo 'CODE 000 ', $e->getMessage(), "\n";
}
