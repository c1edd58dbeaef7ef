//! The rules of the house, as tests: on examples that break them, and on the checkout itself.

mod house;
mod sources;

use xtask::checkout::Checkout;
use xtask::tidy;

#[test]
fn the_checkout_is_tidy() {
    let checkout = Checkout::open().expect("cargo reads the workspace");
    let problems = tidy::check(&checkout).expect("every file can be read");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
