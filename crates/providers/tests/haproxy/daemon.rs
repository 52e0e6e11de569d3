//! A real HAProxy from the package of the distribution, in a directory of its own, stopped with the test.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running HAProxy.
pub struct Daemon {
    dir: tempfile::TempDir,
    child: Child,
}

/// A port of 127.0.0.1 that nobody listens on.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn spawn(dir: &Path) -> Child {
    let program = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"];
    let program = program.iter().find(|path| Path::new(path).exists());
    let program = program.expect("haproxy is not installed: apt-get install haproxy");
    let child = Command::new(program)
        .args(["-q", "-db", "-f"])
        .arg(dir.join("haproxy.cfg"))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let by = Instant::now() + Duration::from_secs(20);
    while UnixStream::connect(dir.join("admin.sock")).is_err() {
        assert!(Instant::now() < by, "haproxy does not come up");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

impl Daemon {
    /// Starts one; `config` is what follows `global` and `defaults`.
    pub fn start(threads: usize, defaults: &str, config: &str) -> Daemon {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("admin.sock");
        let text = format!(
            "global\n  stats socket {} mode 600 level admin\n  nbthread {threads}\n  maxconn 4000\n\
             defaults\n  timeout connect 2s\n  timeout client 30s\n  timeout server 30s\n{defaults}\n{config}\n",
            socket.display()
        );
        std::fs::write(dir.path().join("haproxy.cfg"), text).unwrap();
        let child = spawn(dir.path());
        Daemon { dir, child }
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("admin.sock")
    }

    /// Its answer to a command.
    pub fn ask(&self, command: &str) -> String {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        stream.write_all(format!("{command}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn start_again(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        self.child = spawn(self.dir.path());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
