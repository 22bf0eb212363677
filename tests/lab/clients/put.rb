# put.rb URL BYTES [CONTINUE_TIMEOUT]: uploads with Net::HTTP and Expect; without a continue_timeout
# it sends at once. Prints "CODE status" (000 and the error where there was none), "TIME seconds".
require 'net/http'

url = URI(ARGV[0])
http = Net::HTTP.new(url.host, url.port)
http.continue_timeout = ARGV[2].to_f if ARGV[2]
http.max_retries = 0
request = Net::HTTP::Put.new(url, 'Expect' => '100-continue', 'Content-Type' => 'text/plain')
request.body = 'u' * ARGV[1].to_i
start = Time.now
begin
  puts "CODE #{http.request(request).code}"
rescue StandardError => e
  puts "CODE 000 #{e}"
end
puts format('TIME %.3f', Time.now - start)
