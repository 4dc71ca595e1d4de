package warehouse

/*
void countinghouse_take_chunk(void *info, void *input, void *output);
typedef void (*chunk_function)(void *, void *, void *);
*/
import "C"

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"runtime/cgo"
	"strings"
	"sync"
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"
)

// A query's result reaches Go in two ways. ReadArrow has DuckDB's client gather all of it, copies it into Arrow batches, and gives these one after the other: for results that are
// small beside what made them. Feed has DuckDB's threads call Go with what they have just made: nothing is gathered or copied, and Go works on all of them at once. For
// the movements of the ledger this takes a third of the processor time.

// Feed runs a query and gives some columns of its rows to take, chunk by chunk, in no order. Each is cast to the type that it is asked for in. DuckDB's threads call take side by side; what a
// chunk gives is gone when take returns. An error of take ends the query and is what Feed returns.
func (s *Session) Feed(ctx context.Context, query string, columns []Column, take func(*Chunk) error) error {
	if err := s.feeds.register(ctx, s); err != nil {
		return err
	}
	taker := &taker{take: take}
	handle := cgo.NewHandle(taker)
	defer handle.Delete()
	arguments := []string{fmt.Sprintf("%d::ubigint", handle)}
	for _, column := range columns {
		arguments = append(arguments, "cast("+QuoteName(column.Name)+" as "+column.Type+")")
	}
	_, err := s.Exec(ctx, "select bool_and("+feedFunction+"("+strings.Join(arguments, ", ")+")) from (\n"+query+"\n)")
	if taken := taker.err(); taken != nil {
		return taken
	}
	return err
}

// feedFunction is what DuckDB calls; its first argument says whom the chunk is for. A handle that is none, in somebody's own SQL, is an error there.
const feedFunction = "countinghouse_feed"

// feeds registers feedFunction, once in a session.
type feeds struct {
	once   sync.Once
	failed error
}

func (f *feeds) register(ctx context.Context, session *Session) error {
	f.once.Do(func() { f.failed = registerFeed(ctx, session) })
	return f.failed
}

var errNoConnection = errors.New("the driver's connection is not where it was: feeds need duckdb-go v2.10505.0")

func registerFeed(ctx context.Context, session *Session) (err error) {
	connection, err := session.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	return connection.Raw(func(raw any) error {
		inner, err := connectionOf(raw.(driver.Conn))
		if err != nil {
			return err
		}
		anything, boolean := mapping.CreateLogicalType(mapping.TypeAny), mapping.CreateLogicalType(mapping.TypeBoolean)
		handle := mapping.CreateLogicalType(mapping.TypeUBigInt)
		defer mapping.DestroyLogicalType(&anything)
		defer mapping.DestroyLogicalType(&boolean)
		defer mapping.DestroyLogicalType(&handle)
		function := mapping.CreateScalarFunction()
		defer mapping.DestroyScalarFunction(&function)
		mapping.ScalarFunctionSetName(function, feedFunction)
		mapping.ScalarFunctionAddParameter(function, handle)
		mapping.ScalarFunctionSetVarargs(function, anything)
		mapping.ScalarFunctionSetReturnType(function, boolean)
		mapping.ScalarFunctionSetSpecialHandling(function) // of NULL: it is given too
		mapping.ScalarFunctionSetVolatile(function)
		mapping.ScalarFunctionSetFunction(function, unsafe.Pointer(C.chunk_function(C.countinghouse_take_chunk)))
		if mapping.RegisterScalarFunction(inner, function) == mapping.StateError {
			return errors.New("register " + feedFunction)
		}
		return nil
	})
}

// connectionOf is the connection below the driver's, which has no function for it: its own functions in Go are called with one row after the other, each value boxed.
func connectionOf(connection driver.Conn) (mapping.Connection, error) {
	of := reflect.ValueOf(connection)
	if of.Kind() != reflect.Pointer || of.Elem().Kind() != reflect.Struct {
		return mapping.Connection{}, errNoConnection
	}
	inner := of.Elem().FieldByName("conn")
	if !inner.IsValid() || inner.Type() != reflect.TypeFor[mapping.Connection]() {
		return mapping.Connection{}, errNoConnection
	}
	return mapping.Connection{Ptr: inner.FieldByName("Ptr").UnsafePointer()}, nil
}

// taker is whom chunks are for.
type taker struct {
	take   func(*Chunk) error
	mu     sync.Mutex
	failed error
}

func (t *taker) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed == nil {
		t.failed = err
	}
}

func (t *taker) err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.failed
}

//export countinghouse_take_chunk
func countinghouse_take_chunk(info, input, output unsafe.Pointer) { //nolint:revive,staticcheck // the name is C's
	if err := takeChunk(mapping.DataChunk{Ptr: input}, mapping.Vector{Ptr: output}); err != nil {
		mapping.ScalarFunctionSetError(mapping.FunctionInfo{Ptr: info}, err.Error())
	}
}

// takeChunk must not panic: there is C below it.
func takeChunk(input mapping.DataChunk, output mapping.Vector) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("%s: %v", feedFunction, problem)
		}
	}()
	chunk := chunkOf(input)
	if chunk.Rows == 0 {
		return nil
	}
	to, known := cgo.Handle(chunk.first()).Value().(*taker)
	if !known {
		return errors.New(feedFunction + " is called by nobody's query")
	}
	if err := to.try(chunk); err != nil {
		to.fail(err)
		return err
	}
	taken := unsafe.Slice((*bool)(mapping.VectorGetData(output)), chunk.Rows)
	for i := range taken {
		taken[i] = true
	}
	return nil
}

// try takes a chunk; a panic is an error that the taker's caller gets.
func (t *taker) try(chunk *Chunk) (err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("take rows: %v", problem)
		}
	}()
	return t.take(chunk)
}
