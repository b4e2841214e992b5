//! Platforms: which images an engine can run.
//!
//! Images say what they are for, and some say it wrongly; machines may run foreign ones through an emulator. What is not known is
//! taken for fit: then the health of what was deployed decides.

use std::collections::BTreeMap;

/// What the engine and the kernel under it can run, and what images are for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Platforms {
    /// The engine's own: `linux/amd64`.
    pub engine: String,
    /// The kernel's machine, as `uname -m` has it, where it is known.
    machine: Option<String>,
    /// The names of foreign formats that an emulator runs; `?` where that is not known.
    emulated: Vec<String>,
    /// The platform of each image, by reference.
    pub images: BTreeMap<String, String>,
}

/// How architectures are called by engines, by kernels, and by emulators.
const ARCHITECTURES: [(&str, &[&str]); 9] = [
    ("amd64", &["x86_64", "rosetta", "fex", "box64"]),
    ("386", &["i386", "i486", "i586", "i686", "fex", "box86"]),
    ("arm64", &["aarch64"]),
    ("arm", &["arm", "armhf", "armv6l", "armv7l", "armv8l"]),
    ("ppc64le", &["ppc64le"]),
    ("s390x", &["s390x"]),
    ("riscv64", &["riscv64"]),
    ("mips64le", &["mips64el", "mips64"]),
    ("loong64", &["loongarch64"]),
];

/// Reads the output of [`platforms`](crate::deploy::command::platforms). Lines that are not known are left alone.
pub fn read_platforms(output: &str) -> Platforms {
    let mut found = Platforms::default();
    for (kind, rest) in output.lines().filter_map(|line| line.trim().split_once(' ')) {
        match kind {
            "engine" => rest.clone_into(&mut found.engine),
            "machine" => found.machine = Some(rest.to_owned()),
            "emulates" => found.emulated.push(rest.to_lowercase()),
            "image" => found.images.extend(rest.rsplit_once(' ').map(|(image, is)| (image.to_owned(), is.to_owned()))),
            _ => {}
        }
    }
    found
}

impl Platforms {
    /// Whether the engine is known not to run images of a platform.
    pub fn cannot_run(&self, platform: &str) -> bool {
        let (Some((os, wanted)), Some((own_os, own))) = (parts(platform), parts(&self.engine)) else { return false };
        if os != own_os {
            return !os.is_empty();
        }
        let (Some(wanted), Some(own)) = (architecture(wanted), architecture(own)) else { return false };
        let machine = self.machine.as_deref().and_then(architecture);
        !(is_native(wanted, own) || machine.is_some_and(|machine| is_native(wanted, machine)) || self.emulates(wanted))
    }

    fn emulates(&self, wanted: &str) -> bool {
        let names = ARCHITECTURES.iter().find(|(name, _)| *name == wanted).map_or(&[][..], |(_, names)| *names);
        // `qemu-aarch64`, `FEX-x86_64`, `rosetta`.
        let is_of =
            |format: &str| names.iter().any(|name| format == *name || format.split('-').any(|part| part == *name));
        self.emulated.iter().any(|format| format == "?" || is_of(format))
    }
}

/// `linux/arm64/v8`: the first two.
fn parts(platform: &str) -> Option<(&str, &str)> {
    let (os, rest) = platform.split_once('/')?;
    Some((os, rest.split('/').next().unwrap_or_default()))
}

/// The name that engines use; `None` for one that is not known.
fn architecture(name: &str) -> Option<&'static str> {
    let found = ARCHITECTURES.iter().find(|(own, others)| *own == name || others.contains(&name));
    found.map(|(own, _)| *own)
}

/// What a processor runs by itself. Not every one of 64 bits runs those of 32; which one does cannot be seen.
fn is_native(wanted: &str, own: &str) -> bool {
    wanted == own || matches!((wanted, own), ("386", "amd64") | ("arm", "arm64"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(engine: &str, more: &str) -> Platforms {
        read_platforms(&format!("engine {engine}\n{more}"))
    }

    #[test]
    fn only_what_is_known_not_to_run_is_refused() {
        let plain = "machine x86_64\nemulates python3.11\nemulates jar\n";
        for (engine, more, image, refused) in [
            ("linux/amd64", plain, "linux/arm64", true),
            ("linux/amd64", plain, "linux/arm", true),
            ("linux/amd64", plain, "linux/s390x", true),
            ("linux/amd64", plain, "linux/amd64", false),
            ("linux/amd64", plain, "linux/386", false),
            ("linux/amd64", plain, "linux/x86_64", false),
            ("linux/amd64", plain, "linux/arm64/v8", true),
            ("linux/amd64", plain, "windows/amd64", true),
            // An image that does not say, or says what is not known.
            ("linux/amd64", plain, "linux/", false),
            ("linux/amd64", plain, "/", false),
            ("linux/amd64", plain, "linux/wasm", false),
            ("", plain, "linux/arm64", false),
            // Emulators.
            ("linux/amd64", "machine x86_64\nemulates qemu-aarch64\n", "linux/arm64", false),
            ("linux/amd64", "machine x86_64\nemulates qemu-aarch64\n", "linux/arm", true),
            ("linux/amd64", "machine x86_64\nemulates qemu-arm\n", "linux/arm64", true),
            ("linux/amd64", "emulates ?\n", "linux/arm64", false),
            ("linux/arm64", "machine aarch64\nemulates FEX-x86_64\n", "linux/amd64", false),
            ("linux/arm64", "machine aarch64\nemulates rosetta\n", "linux/amd64", false),
            ("linux/arm64", "machine aarch64\nemulates rosetta\n", "linux/386", true),
            ("linux/arm64", "machine aarch64\n", "linux/amd64", true),
            ("linux/arm64", "machine aarch64\n", "linux/arm", false),
            ("linux/arm", "machine armv7l\n", "linux/arm64", true),
            // An engine of 32 bits on a kernel of 64.
            ("linux/arm", "machine aarch64\n", "linux/arm64", false),
        ] {
            assert_eq!(host(engine, more).cannot_run(image), refused, "{engine} {more:?} {image}");
        }
    }

    #[test]
    fn images_are_read_by_reference() {
        let found = host(
            "linux/amd64",
            "image localhost:5000/a:1 linux/arm64\nimage b@sha256:12 linux/amd64\nimage c\nother\n",
        );
        let images: Vec<_> = found.images.iter().map(|(image, is)| (image.as_str(), is.as_str())).collect();
        assert_eq!(images, [("b@sha256:12", "linux/amd64"), ("localhost:5000/a:1", "linux/arm64")]);
    }
}
