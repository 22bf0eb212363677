// serve ADDRESS:PORT: hyper; /up/ reads, 201; /think/ pauses 0.6 s, then reads, 201; else 403 unread.
use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Request, Response, Server, StatusCode};
use std::convert::Infallible;

async fn upload(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_owned();
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::FORBIDDEN;
    if path.starts_with("/think/") {
        tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    }
    if path.starts_with("/up/") || path.starts_with("/think/") {
        let _ = hyper::body::to_bytes(request.into_body()).await;
        *answer.status_mut() = StatusCode::CREATED;
    }
    Ok(answer)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let at = std::env::args().nth(1).unwrap().parse().unwrap();
    let make = make_service_fn(|_| async { Ok::<_, Infallible>(service_fn(upload)) });
    Server::bind(&at).serve(make).await.unwrap();
}
