//! A sign of life on standard error, for runs that take their time.

use std::io::IsTerminal;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Nobody wonders before this.
const PATIENCE: Duration = Duration::from_secs(1);

const TICK: Duration = Duration::from_millis(100);

/// Does `work`. On a terminal, when it takes longer than a second, `status` is shown meanwhile.
pub(super) fn during<T>(status: impl Fn() -> String + Send, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    thread::scope(|scope| {
        let (done, is_done) = mpsc::channel::<()>();
        scope.spawn(move || {
            if is_done.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                spinner.set_style(style);
            }
            while is_done.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                spinner.set_message(status());
                spinner.tick();
            }
            spinner.finish_and_clear();
        });
        let outcome = work();
        // The thread waits for this, also when `work` panics.
        drop(done);
        outcome
    })
}
