//! Drives one deployment with a trouble in its way: the process that the tests of `deploy::matrix` kill.

#[tokio::main]
async fn main() {
    imt_e2e::matrix::process::main().await;
}
