package land

import (
	"os"

	"golang.org/x/sys/unix"
)

// beginWriteBack asks the system to begin writing a part of a file to the disk, so that the sync at the end finds little left to do. It is only
// asked: the sync is what makes the bytes durable, so a refusal changes nothing.
func beginWriteBack(file *os.File, offset, length int64) {
	_ = unix.SyncFileRange(int(file.Fd()), offset, length, unix.SYNC_FILE_RANGE_WRITE)
}
