package reader

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// maxMembers is how many files one zip may hold.
const maxMembers = 10_000

// A Member is one file of a zip.
type Member struct {
	Name    string    // its path in the zip, in UTF-8, with slashes; never absolute, never upwards
	Size    int64     // bytes, unpacked
	ModTime time.Time // zero where the zip has none; without a zone there, it is taken for UTC
	// Open gives the bytes. They end with a *Problem where the zip is damaged, and are never more than Size.
	Open func() (io.ReadCloser, error)
}

// isArchive says whether a file is a zip of other files. A workbook is a zip too, but none of these.
func isArchive(file io.ReaderAt, size int64) bool {
	first := make([]byte, 4)
	if n, err := file.ReadAt(first, 0); n < len(first) && err != nil {
		return false
	}
	if string(first) == "PK\x05\x06" || string(first) == "PK\x07\x08" { // empty, or in several parts
		return true
	}
	if string(first) != zipMark {
		return false
	}
	archive, err := zip.NewReader(placesOf{file}, size)
	return err != nil && !startsLikeWorkbook(file) || err == nil && !isWorkbook(archive)
}

// zipMark is how a zip of anything begins.
const zipMark = "PK\x03\x04"

const contentTypes = "[Content_Types].xml"

func isWorkbook(archive *zip.Reader) bool {
	for _, entry := range archive.File {
		if strings.EqualFold(entry.Name, contentTypes) {
			return true
		}
	}
	return false
}

// startsLikeWorkbook is for a zip that lost its end, where the directory stands.
func startsLikeWorkbook(file io.ReaderAt) bool {
	const header = 30 // bytes before the first entry's name
	name := make([]byte, len(contentTypes))
	_, err := file.ReadAt(name, header)
	return err == nil && (string(name) == contentTypes || bytes.HasPrefix(name, []byte("xl/")) || bytes.HasPrefix(name, []byte("_rels/")))
}

// Members lists the files in a zip, in its order, without folders and what macOS adds; nil for a file that is no zip, or a workbook. The files
// that open gives must be io.ReaderAts. What is wrong with the zip comes back as a *Problem: nothing of it should be used then.
//
// Sizes are as the zip's directory has them; a member that holds more or less than that, or fails its checksum, ends with a *Problem when
// it is read, so that what was promised here is an upper bound.
func Members(open func() (fs.File, error), size int64) (members []Member, err error) {
	shared := &sharedFile{open: open}
	if err := shared.acquire(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, shared.Close()) }()
	if !isArchive(shared, size) {
		return nil, nil
	}
	archive, err := zip.NewReader(placesOf{shared}, size)
	if err != nil {
		return nil, problem(0, "the zip is cut short, damaged or in several parts: download it again")
	}
	if len(archive.File) > maxMembers {
		return nil, problem(0, "the zip holds more than %d files: unpack it and land the folder", maxMembers)
	}
	seen := map[string]bool{}
	left := max(size*maxRatio, freeSize)
	for _, entry := range archive.File {
		name, err := memberName(entry)
		if err != nil {
			return nil, err
		}
		if isFolder(entry, name) || isLitter(name) {
			continue
		}
		if err := checkMember(entry, name, seen); err != nil {
			return nil, err
		}
		if left -= int64(min(entry.UncompressedSize64, 1<<62)); left < 0 {
			return nil, problem(0, "the zip unpacks to more than %d times its size: refused as a zip bomb", maxRatio)
		}
		seen[name] = true
		members = append(members, Member{
			Name: name, Size: int64(entry.UncompressedSize64), ModTime: entry.Modified,
			Open: func() (io.ReadCloser, error) { return openMember(shared, entry, name) },
		})
	}
	if len(members) == 0 {
		return nil, problem(0, "the zip holds no file: export it again")
	}
	return members, nil
}

// isFolder is by the name: what only its attributes call a folder, or a folder that holds bytes, is no honest one.
func isFolder(entry *zip.File, name string) bool {
	return strings.HasSuffix(name, "/") && entry.UncompressedSize64 == 0
}

// checkMember refuses what cannot be unpacked, or should not be.
func checkMember(entry *zip.File, name string, seen map[string]bool) error {
	const encrypted = 1
	switch {
	case entry.Flags&encrypted != 0:
		return problem(0, "%q in the zip is encrypted: unpack it with its password, and land what was in it", name)
	case entry.Mode()&fs.ModeType != 0 || strings.HasSuffix(name, "/"):
		return problem(0, "%q in the zip is a link, a folder or a device, not a file: refused", name)
	case entry.Method != zip.Store && entry.Method != zip.Deflate:
		return problem(0, "%q in the zip is packed by method %d, which is not read here: unpack it, and land what was in it", name, entry.Method)
	case seen[name]:
		return problem(0, "the zip holds %q twice: which one counts?", name)
	case strings.EqualFold(path.Ext(name), ".zip"): // zips in zips may go on for ever
		return problem(0, "%q is a zip in a zip: unpack the outer one, and land what was in it", name)
	}
	return nil
}

// isLitter are files that macOS and Windows add of their own.
func isLitter(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(base, "._") || base == ".DS_Store" || strings.EqualFold(base, "Thumbs.db")
}

// memberName decodes an entry's name and refuses one that leads out of the folder it is unpacked in.
func memberName(entry *zip.File) (string, error) {
	name, err := decodedName(entry)
	if err != nil {
		return "", err
	}
	name = strings.ReplaceAll(name, `\`, "/") // after decoding: GB18030 has characters with this byte in them
	for _, r := range name {
		if r < ' ' || r == 0x7f {
			return "", problem(0, "the zip has a name with a control character: %q", name)
		}
	}
	drive := len(name) > 1 && name[1] == ':'
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." || drive || strings.HasPrefix(name, "/") {
			return "", problem(0, "the zip has a name that leads out of it, %q: refused", name)
		}
	}
	if strings.Trim(name, "./") == "" {
		return "", problem(0, "the zip has an entry without a name: refused")
	}
	return path.Clean(name) + strings.Repeat("/", len(name)-len(strings.TrimRight(name, "/"))), nil
}

// decodedName knows three ways of writing a name: bit 11 of the flags, or the extra field of Info-ZIP, says UTF-8; without them it is UTF-8
// on macOS, and the code page of the machine that made it elsewhere, which for these exports is GB18030.
func decodedName(entry *zip.File) (string, error) {
	if name, ok := unicodePath(entry); ok {
		return name, nil
	}
	if utf8.ValidString(entry.Name) {
		return entry.Name, nil
	}
	name, err := simplifiedchinese.GB18030.NewDecoder().String(entry.Name)
	if entry.Flags&0x800 != 0 || err != nil || strings.ContainsRune(name, utf8.RuneError) {
		return "", problem(0, "the zip has a name that is neither utf-8 nor gb18030, %q: unpack it, and land what was in it", entry.Name)
	}
	return name, nil
}

// unicodePath is the extra field 0x7075: a version, the checksum of the plain name, and the name in UTF-8.
func unicodePath(entry *zip.File) (string, bool) {
	for extra := entry.Extra; len(extra) >= 4; {
		id, size := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; size > len(extra) {
			return "", false
		}
		field := extra[:size]
		extra = extra[size:]
		if id != 0x7075 || size < 6 || field[0] != 1 || binary.LittleEndian.Uint32(field[1:]) != crc32.ChecksumIEEE([]byte(entry.Name)) {
			continue
		}
		return string(field[5:]), utf8.Valid(field[5:])
	}
	return "", false
}

func openMember(shared *sharedFile, entry *zip.File, name string) (io.ReadCloser, error) {
	if err := shared.acquire(); err != nil {
		return nil, err
	}
	content, err := entry.Open()
	if err != nil {
		return nil, errors.Join(damagedMember(name, err), shared.Close())
	}
	return &memberReader{content: content, shared: shared, name: name}, nil
}

type memberReader struct {
	content io.ReadCloser
	shared  *sharedFile
	name    string
}

func (r *memberReader) Read(p []byte) (int, error) {
	n, err := r.content.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = damagedMember(r.name, err)
	}
	return n, err
}

func (r *memberReader) Close() error { return errors.Join(r.content.Close(), r.shared.Close()) }

// damagedMember tells a damaged zip from a disk or a network that fails.
func damagedMember(name string, err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return err
	}
	return problem(0, "%q in the zip is damaged: download it again", name)
}

// A sharedFile is open while anybody uses it.
type sharedFile struct {
	open func() (fs.File, error)

	lock  sync.Mutex
	file  fs.File
	users int
}

func (s *sharedFile) acquire() error {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.users == 0 {
		file, err := s.open()
		if err != nil {
			return err
		}
		s.file = file
	}
	s.users++
	return nil
}

func (s *sharedFile) ReadAt(p []byte, at int64) (int, error) {
	s.lock.Lock()
	file, ok := s.file.(io.ReaderAt)
	s.lock.Unlock()
	if !ok {
		return 0, errors.New("the file cannot be read from any place in it, as a zip must be")
	}
	return file.ReadAt(p, at)
}

// Close ends the use of one who acquired it.
func (s *sharedFile) Close() error {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.users--; s.users > 0 {
		return nil
	}
	return s.file.Close()
}
