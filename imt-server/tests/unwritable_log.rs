//! The program, when what it logs to takes nothing.

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::Duration;

    use rustix::process::{Pid, Signal, kill_process};

    #[test]
    fn a_log_that_takes_nothing_keeps_it_from_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_imt-server"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(dir.path());
        command.args(["--data-dir", "data", "--listen", "127.0.0.1:0", "--runners", "0"]);
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let mut served = command.stdout(Stdio::piped()).stderr(full).spawn().unwrap();
        let pid = Pid::from_child(&served);
        let mut line = String::new();
        let mut said = BufReader::new(served.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        assert!(line.starts_with("listening on "), "{line}");

        kill_process(pid, Signal::TERM).unwrap();
        let (tell, ended) = channel();
        thread::spawn(move || tell.send(served.wait()));
        let ended = ended.recv_timeout(Duration::from_mins(1)).unwrap_or_else(|_| {
            kill_process(pid, Signal::KILL).unwrap();
            panic!("it does not end")
        });
        assert!(ended.unwrap().success());
    }
}
