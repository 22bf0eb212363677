#!/usr/bin/perl
# put.pl URL BYTES: uploads with LWP and Expect. Prints "CODE status" (LWP's own 500 where there was
# none) and "TIME seconds".
use strict;
use warnings;
use LWP::UserAgent;
use Time::HiRes qw(time);

my ($url, $bytes) = @ARGV;
my $start = time;
my $answer = eval {
    LWP::UserAgent->new(timeout => 20)
        ->request(HTTP::Request->new(PUT => $url, ['Expect' => '100-continue', 'Content-Length' => $bytes], 'u' x $bytes));
};
printf "CODE %s\nTIME %.3f\n", $answer ? $answer->status_line : "000 $@", time - $start;
