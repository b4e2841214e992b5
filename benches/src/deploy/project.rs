//! A compose project in a git repository: two services that are built, one of somebody else's image, none with a health check, so
//! that whoever waits for them waits for nothing but that they run.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use super::place::{Place, run};

/// A project with a name that nobody else has. What it leaves on the engine goes when it is dropped.
pub(super) struct Project {
    pub(super) name: String,
    pub(super) dir: PathBuf,
    /// Where `web` serves on this machine.
    pub(super) port: u16,
    /// Its directory on the host, where not `imt` puts it there.
    pub(super) there: PathBuf,
    imt_there: PathBuf,
}

impl Project {
    pub(super) fn new(place: &Place, name: &str) -> Result<Self, String> {
        let name = format!("bench{}-{name}", std::process::id());
        let dir = place.scratch.join("projects").join(&name);
        let port = TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr()).map_err(|e| e.to_string())?;
        let project = Self {
            dir,
            port: port.port(),
            there: place.home.join(&name),
            imt_there: place.home.join(".imt").join(format!("{name}-production")),
            name,
        };
        project.write(place).map_err(|e| e.to_string())?;
        run(Command::new("git").args(["init", "--quiet", "--initial-branch=main"]).current_dir(&project.dir))?;
        Ok(project)
    }

    fn write(&self, place: &Place) -> std::io::Result<()> {
        let (name, image, registry, port) = (&self.name, &place.image, &place.registry, self.port);
        let built =
            |service: &str| format!("build: {service}\n    image: {registry}/{name}/{service}:${{TAG:-latest}}");
        let compose = format!(
            "services:\n  web:\n    {}\n    ports: [\"127.0.0.1:{port}:8080\"]\n  worker:\n    {}\n  cache:\n    image: {image}\n    \
             command: [sh, -c, \"trap 'exit 0' TERM; sleep 100000 & wait\"]\n",
            built("web"),
            built("worker"),
        );
        let serve = "trap 'exit 0' TERM; httpd -f -p 8080 -h /www & wait";
        for (service, command) in [("web", serve), ("worker", "trap 'exit 0' TERM; sleep 100000 & wait")] {
            let context = self.dir.join(service);
            fs::create_dir_all(&context)?;
            let file = format!("FROM {image}\nCOPY version /www/index.html\nCMD [\"sh\", \"-c\", \"{command}\"]\n");
            fs::write(context.join("Dockerfile"), file)?;
        }
        fs::create_dir_all(&self.there)?;
        fs::write(self.dir.join("compose.yml"), compose)
    }

    /// Makes a commit in which the images are others than before.
    pub(super) fn release(&self, version: &str) -> Result<(), String> {
        for service in ["web", "worker"] {
            let text = format!("{service} of {}, version {version}\n", self.name);
            fs::write(self.dir.join(service).join("version"), text).map_err(|e| e.to_string())?;
        }
        let commit =
            "git add --all && git -c user.name=bench -c user.email=bench@localhost commit --quiet --message=release";
        run(Command::new("sh").args(["-ec", commit]).current_dir(&self.dir))?;
        Ok(())
    }

    /// What `web` serves at this moment, if it does.
    pub(super) fn page(&self) -> Option<String> {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split_once("\r\n\r\n").map(|(_, body)| body.trim().to_owned()).filter(|body| !body.is_empty())
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // Best effort: what is left is told from others by its name.
        let script = "for project in \"$1\" \"$1-production\"; do \
                        for what in 'ps --all' 'network ls' 'volume ls'; do \
                          ids=$(docker $what --quiet --filter label=com.docker.compose.project=$project); \
                          [ -n \"$ids\" ] || continue; \
                          case $what in ps*) docker rm --force --volumes $ids ;; network*) docker network rm $ids ;; *) docker volume rm $ids ;; esac; \
                        done; \
                      done; \
                      docker images --format '{{.Repository}}:{{.Tag}}' --filter \"reference=*/*$1*/*\" | xargs -r docker rmi --force; \
                      docker images --quiet --filter \"reference=*/*/*$1*/*\" | xargs -r docker rmi --force";
        drop(Command::new("sh").args(["-c", script, "sh", &self.name]).output());
        drop(fs::remove_dir_all(&self.there));
        drop(fs::remove_dir_all(&self.imt_there));
    }
}
