//! The bytes of a rotated log, compressed or not, as a stream. Memory is bounded whatever the file claims.
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use crate::disk::read_at;
use crate::error::words;

/// How a file is packed; the plain one sorts before all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip(1), any number of members.
    Gzip,
    /// bzip2(1), any number of streams.
    Bzip2,
    /// xz(1), any number of streams.
    Xz,
    /// zstd(1), any number of frames.
    Zstd,
}

/// Decompress in pieces of this size (bytes), so that a damaged piece costs no more than itself: a read that meets damage
/// gives nothing of what it had unpacked before. (gzip loses 32 KiB all the same, because flate2 reads that far ahead.)
const PIECE: usize = 1024;

/// What the files of each kind begin with.
const MAGIC: [(&[u8], Compression); 4] = [
    (b"\x1f\x8b\x08", Compression::Gzip),
    (b"BZh", Compression::Bzip2),
    (b"\xfd7zXZ\0", Compression::Xz),
    (b"\x28\xb5\x2f\xfd", Compression::Zstd),
];

/// `xz -9` needs 65 MiB to unpack.
const XZ_MEMORY: u64 = 256 << 20;

impl Compression {
    /// By the end of the name; and the name without it.
    pub(super) fn by_name(name: &str) -> (&str, Compression) {
        let endings = [
            (".gz", Compression::Gzip),
            (".bz2", Compression::Bzip2),
            (".xz", Compression::Xz),
            (".zst", Compression::Zstd),
            (".zstd", Compression::Zstd),
        ];
        let found = endings.iter().find_map(|(end, kind)| Some((name.strip_suffix(end)?, *kind)));
        found.unwrap_or((name, Compression::None))
    }

    /// By the first bytes of a file: svlogd(8) keeps its `@….s` as its processor packs them, and who packs rotated logs may
    /// have changed the program and not the ending of the names. Text is text under any name. The kind that the name tells,
    /// `named`, is that of a file that is just being written, and of one that is damaged from its beginning.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn by_content(file: &File, named: Compression) -> io::Result<Compression> {
        let mut begin = [0; 512];
        let got = read_at(file, &mut begin, 0)?;
        let begin = &begin[..got];
        if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| begin.starts_with(magic)) {
            return Ok(*kind);
        }
        // pzstd(1) begins with a frame that says how long the next one is.
        if let [b'\x50'..=b'\x5f', b'\x2a', b'\x4d', b'\x18', ..] = begin {
            return Ok(Compression::Zstd);
        }
        let is_begun = MAGIC.iter().any(|(magic, _)| magic.starts_with(begin));
        let is_text = begin.iter().all(|&b| b >= b' ' || matches!(b, b'\t' | b'\n' | b'\r' | b'\x1b'));
        Ok(if is_text && !is_begun { Compression::None } else { named })
    }

    /// Is there anything to unpack?
    pub fn is_packed(self) -> bool {
        self != Compression::None
    }
}

/// A file read by offset: its own place, whatever other readers do.
struct At<'a> {
    file: &'a File,
    offset: u64,
}

impl Read for At<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let got = self.file.read_at(buf, self.offset)?;
        self.offset += got as u64;
        Ok(got)
    }
}

/// What a file holds, unpacked, from some offset on.
pub struct Content<'a> {
    inner: Box<dyn Read + 'a>,
    /// No read asks for more, in bytes.
    most: usize,
    /// Why the archive could not be unpacked any further; what came before is good.
    pub damage: Option<String>,
}

impl<'a> Content<'a> {
    /// From `from` (bytes of what it held before compression) on. Ends at once where it is shorter.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(file: &'a File, kind: Compression, from: u64) -> io::Result<Content<'a>> {
        if !kind.is_packed() {
            let inner = Box::new(At { file, offset: from });
            return Ok(Content { inner, most: usize::MAX, damage: None });
        }
        let raw = io::BufReader::with_capacity(1 << 16, At { file, offset: 0 });
        let inner: Box<dyn Read + 'a> = match kind {
            Compression::None => Box::new(raw),
            Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(raw)),
            Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(raw)),
            Compression::Xz => {
                let flags = liblzma::stream::CONCATENATED;
                let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, flags)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(raw, stream))
            }
            Compression::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(raw)?),
        };
        let mut content = Content { inner, most: PIECE, damage: None };
        content.skip(from)?;
        Ok(content)
    }

    fn skip(&mut self, bytes: u64) -> io::Result<()> {
        let mut left = bytes;
        let mut block = vec![0; 1 << 16];
        while left > 0 {
            let want = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let got = self.fill(&mut block[..want])?;
            if got == 0 {
                break;
            }
            left -= got as u64;
        }
        Ok(())
    }

    /// Fills `buf`; less only at the end, or where the archive is damaged.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn fill(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < buf.len() && self.damage.is_none() {
            let most = buf.len().min(done.saturating_add(self.most));
            match self.inner.read(&mut buf[done..most]) {
                Ok(0) => break,
                Ok(got) => done += got,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // The disk's own trouble, not the archive's.
                Err(e) if e.raw_os_error().is_some() => return Err(e),
                Err(e) => self.damage = Some(words(&e)),
            }
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::lines::LINE_LIMIT;
    use std::io::Write;
    use std::process::{Command, Stdio};

    const PROGRAMS: [(&str, &str); 4] = [("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz"), ("zstd", "zst")];

    /// `bytes` as the real program packs them.
    fn packed(program: &str, bytes: &[u8]) -> Vec<u8> {
        let mut child = Command::new(program)
            .arg("-c")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{program}: {e}"));
        let mut stdin = child.stdin.take().unwrap();
        let bytes = bytes.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&bytes).unwrap());
        let out = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(out.status.success());
        out.stdout
    }

    fn file_of(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn unpacked(bytes: &[u8], ending: &str, from: u64) -> (Vec<u8>, Option<String>) {
        let file = file_of(bytes);
        let kind = Compression::by_name(&format!("x.{ending}")).1;
        let mut content = Content::open(&file, kind, from).unwrap();
        let mut out = Vec::new();
        let mut block = vec![0; 10_000];
        loop {
            let got = content.fill(&mut block).unwrap();
            out.extend_from_slice(&block[..got]);
            if got < block.len() {
                return (out, content.damage);
            }
        }
    }

    #[test]
    fn the_first_bytes_tell_the_kind_and_the_name_only_where_they_do_not() {
        use Compression::{Bzip2, Gzip, None, Xz, Zstd};
        let kind = |bytes: &[u8], named| Compression::by_content(&file_of(bytes), named).unwrap();
        let kinds = [Gzip, Bzip2, Xz, Zstd];
        for ((program, _), right) in PROGRAMS.into_iter().zip(kinds) {
            for named in [None, Gzip, Bzip2, Xz, Zstd] {
                assert_eq!(kind(&packed(program, b"new msg 1\n"), named), right, "{program}, {named:?}");
            }
        }
        // The frame that pzstd puts before each other one.
        assert_eq!(kind(b"\x50\x2a\x4d\x18\x04\0\0\0\x17\0\0\0\x28\xb5\x2f\xfd", Gzip), Zstd);
        for named in kinds {
            assert_eq!(kind("Sep 28 22:45:00 mx1 ä\x1b: x\r\n\t".as_bytes(), named), None, "text");
            assert_eq!(kind(b"x\n", named), None, "little text");
            assert_eq!(kind(b"", named), named, "just begun");
            assert_eq!(kind(b"BZ", named), named, "just begun");
            assert_eq!(kind(&[0; 600], named), named, "room that was reserved");
            assert_eq!(kind(&noise(600), named), named, "damaged");
        }
        assert_eq!(kind(&[&[0; 600][..], b"line\n"].concat(), None), None, "a log with a hole");
    }

    fn noise(length: usize) -> Vec<u8> {
        let mut x = 1u32;
        let next = |_| {
            x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (x >> 24) as u8
        };
        (0..length).map(next).collect()
    }

    #[test]
    fn what_the_real_programs_pack_in_any_number_of_pieces() {
        let (one, two) = (noise(300_000), noise(77));
        let both = [&one[..], &two[..]].concat();
        for (program, ending) in PROGRAMS {
            let twice = [packed(program, &one), packed(program, &two)].concat();
            assert!(unpacked(&twice, ending, 0) == (both.clone(), None), "{program}");
            assert!(unpacked(&twice, ending, 299_990) == (both[299_990..].to_vec(), None), "{program}");
            assert_eq!(unpacked(&twice, ending, 999_999), (Vec::new(), None), "{program}");
            assert_eq!(unpacked(&packed(program, b""), ending, 0), (Vec::new(), None), "{program}");
        }
    }

    #[test]
    fn a_damaged_archive_ends_with_its_reason_and_never_panics() {
        let bytes = noise(2_000_000);
        for (program, ending) in PROGRAMS {
            let whole = packed(program, &bytes);
            for cut in [1, 5, 100, whole.len() / 2, whole.len() - 1] {
                let (out, damage) = unpacked(&whole[..cut], ending, 0);
                assert!(damage.is_some(), "{program} cut at {cut}");
                assert!(bytes.starts_with(&out), "{program} cut at {cut}");
            }
            let (out, _) = unpacked(&whole[..whole.len() - 1], ending, 0);
            assert!(out.len() > 1_000_000, "{program}: {} bytes were good", out.len());
            assert!(unpacked(b"this is no archive", ending, 0).1.is_some(), "{program}");
        }
    }

    #[test]
    fn what_stands_before_the_damage_is_read_however_much_is_asked_for() {
        let bytes: Vec<u8> = (0..10_000).flat_map(|i| format!("line {i} of a log\n").into_bytes()).collect();
        let mut whole = packed("gzip", &bytes);
        let at = whole.len() * 3 / 4;
        whole[at..].fill(0xff);
        let file = file_of(&whole);
        let mut content = Content::open(&file, Compression::Gzip, 0).unwrap();
        let mut block = vec![0; 1 << 18];
        let got = content.fill(&mut block).unwrap();
        assert!(content.damage.is_some());
        let same = block[..got].iter().zip(&bytes).take_while(|(a, b)| a == b).count();
        assert!(same > bytes.len() / 2, "{got} bytes, of which {same} are good");
    }

    #[test]
    fn a_bomb_is_a_stream() {
        // 64 MiB of one line in a few kilobytes.
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        for _ in 0..64 {
            packer.write_all(&vec![b'a'; 1 << 20]).unwrap();
        }
        let file = file_of(&packer.finish().unwrap());
        let mut content = Content::open(&file, Compression::Gzip, 0).unwrap();
        let mut lines = Vec::new();
        let read = |buf: &mut [u8], _| content.fill(buf);
        let end =
            crate::source::lines::walk_with(read, 0, u64::MAX, |l| lines.push(l.text.to_vec())).unwrap();
        assert_eq!(end, 64 << 20);
        assert_eq!(lines, [vec![b'a'; LINE_LIMIT]]);
    }
}
