// put URL BYTES: uploads with reqwest and an Expect of the program's. Prints "CODE" and what came.
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let content = vec![b'u'; args[2].parse().unwrap()];
    let client = reqwest::blocking::Client::builder().user_agent("reqwest/0.11").build().unwrap();
    match client.put(&args[1]).header("Expect", "100-continue").body(content).send() {
        Ok(answer) => println!("CODE {}", answer.status().as_u16()),
        Err(e) => println!("CODE 000 {}", e),
    }
}
