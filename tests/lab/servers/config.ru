# A Rack application: /up/ reads, 201; /think/ pauses 0.6 s, then reads, 201; /continue/ answers 100
# to a request with Expect, which Unicorn takes for what it is; else 403 unread.
run lambda { |env|
  what = env['PATH_INFO'].split('/')[1]
  next [100, {}, []] if what == 'continue' && env['HTTP_EXPECT']
  sleep 0.6 if what == 'think'
  next [403, {}, []] unless %w[up think continue].include?(what)
  env['rack.input'].read
  [201, {}, []]
}
