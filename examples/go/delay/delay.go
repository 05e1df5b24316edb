// Package delay opens pipeline.onnx and asks it how likely flights leave late.
package delay

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"time"
	_ "time/tzdata" // Santiago's clock, where the machine has no time zones
	"unicode/utf8"

	ort "github.com/yalue/onnxruntime_go"
)

// A Flight is what the model looks at; its time is local in Santiago.
type Flight struct {
	Airline, Destination, Date string
	Weekday, Hour              int64
}

const longest = 256

var (
	form     = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?([.,]\d+)?(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)?$`)
	santiago = mustLoad("America/Santiago")
)

// NewFlight reads a time as the service does, and refuses what it refuses.
func NewFlight(airline, destination, text string) (Flight, error) {
	for _, name := range []string{airline, destination} {
		if utf8.RuneCountInString(name) > longest {
			return Flight{}, fmt.Errorf("a name has at most %d characters", longest)
		}
	}
	when, ok := readTime(text)
	if !ok {
		return Flight{}, fmt.Errorf("%q is no time of the form YYYY-MM-DD HH:MM[:SS]", text)
	}
	monday := (int64(when.Weekday()) + 6) % 7 // Go's week begins on Sunday
	return Flight{airline, destination, when.Format(time.DateOnly), monday, int64(when.Hour())}, nil
}

// readTime is Santiago's local time; with a UTC offset it is converted.
func readTime(text string) (time.Time, bool) {
	parts := form.FindStringSubmatch(text)
	if parts == nil || (parts[3] == "" && parts[4] != "") {
		return time.Time{}, false
	}
	seconds := parts[3]
	if seconds == "" {
		seconds = ":00"
	}
	when, err := time.Parse(time.DateTime, parts[1]+" "+parts[2]+seconds)
	if err != nil || !inCalendar(when) {
		return time.Time{}, false
	}
	if parts[5] == "" && parts[6] == "" {
		return when, true
	}
	hours, _ := strconv.Atoi(parts[7]) // nothing, with Z, is 0
	minutes, _ := strconv.Atoi(parts[8])
	ahead := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if ahead >= 24*time.Hour {
		return time.Time{}, false
	}
	if parts[6] == "-" {
		ahead = -ahead
	}
	utc := when.Add(-ahead)
	local := utc.In(santiago)
	return local, inCalendar(utc) && inCalendar(local)
}

func inCalendar(when time.Time) bool {
	return when.Year() >= 1 && when.Year() <= 9999
}

func mustLoad(name string) *time.Location {
	location, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return location
}

// A Model holds the session.
type Model struct{ session *ort.DynamicAdvancedSession }

// Open loads ONNX Runtime's shared library, which ONNXRUNTIME_LIB names, and pipeline.onnx.
func Open() (*Model, error) {
	library := os.Getenv("ONNXRUNTIME_LIB")
	if library == "" {
		return nil, errors.New("ONNXRUNTIME_LIB should name ONNX Runtime's shared library; the README tells where one is")
	}
	ort.SetSharedLibraryPath(library)
	if err := ort.InitializeEnvironment(); err != nil {
		return nil, fmt.Errorf("%s: %w", library, err)
	}
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	if err := options.SetIntraOpNumThreads(1); err != nil {
		return nil, err
	}
	inputs := []string{"OPERA", "SIGLADES", "FECHA", "dia_semana", "hora"}
	session, err := ort.NewDynamicAdvancedSession(Beside("../../pipeline.onnx"), inputs, []string{"delay_probability"}, options)
	if err != nil {
		return nil, err
	}
	return &Model{session}, nil
}

// Beside is the path of a file, given relative to this module's folder.
func Beside(path string) string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", path)
}

// Close frees the session and the library.
func (m *Model) Close() error {
	return errors.Join(m.session.Destroy(), ort.DestroyEnvironment())
}

// Probabilities tells, for each flight, how likely it leaves more than 15 minutes late.
func (m *Model) Probabilities(flights []Flight) ([]float32, error) {
	shape := ort.NewShape(int64(len(flights)))
	inputs := make([]ort.Value, 0, 5)
	defer func() {
		for _, input := range inputs {
			input.Destroy()
		}
	}()
	for _, text := range []func(Flight) string{
		func(f Flight) string { return f.Airline },
		func(f Flight) string { return f.Destination },
		func(f Flight) string { return f.Date },
	} {
		tensor, err := ort.NewStringTensor(shape)
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, tensor)
		if err := tensor.SetContents(column(flights, text)); err != nil {
			return nil, err
		}
	}
	for _, number := range []func(Flight) int64{
		func(f Flight) int64 { return f.Weekday },
		func(f Flight) int64 { return f.Hour },
	} {
		tensor, err := ort.NewTensor(shape, column(flights, number))
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, tensor)
	}
	probabilities, err := ort.NewEmptyTensor[float32](shape)
	if err != nil {
		return nil, err
	}
	defer probabilities.Destroy()
	if err := m.session.Run(inputs, []ort.Value{probabilities}); err != nil {
		return nil, err
	}
	return append([]float32(nil), probabilities.GetData()...), nil
}

func column[T any](flights []Flight, value func(Flight) T) []T {
	values := make([]T, len(flights))
	for n, flight := range flights {
		values[n] = value(flight)
	}
	return values
}
