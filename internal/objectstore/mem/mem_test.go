package mem_test

import (
	"testing"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/objectstoretest"
	"countinghouse/internal/objectstore/open"
)

func TestConforms(t *testing.T) {
	dir := t.TempDir()
	objectstoretest.Run(t, func(t testing.TB) *objectstore.Bucket {
		b, err := open.Bucket(t.Context(), "mem://", dir)
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
}
