<?php // The router of PHP's own server, which knows no Expect: reads, 201.
strlen(file_get_contents('php://input'));
http_response_code(201);
