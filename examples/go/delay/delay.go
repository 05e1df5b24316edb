// Package delay opens pipeline.onnx and asks it how likely flights leave late.
package delay

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	ort "github.com/yalue/onnxruntime_go"
)

// A Flight is what the model looks at; its time is local in Santiago.
type Flight struct {
	Airline, Destination, Date string
	Weekday, Hour              int64
}

// NewFlight reads a time of the form YYYY-MM-DD HH:MM[:SS], with a space or a T between.
func NewFlight(airline, destination, text string) (Flight, error) {
	for _, form := range []string{"2006-01-02 15:04", "2006-01-02T15:04", time.DateTime, "2006-01-02T15:04:05"} {
		if when, err := time.Parse(form, text); err == nil {
			monday := (int64(when.Weekday()) + 6) % 7 // Go's week begins on Sunday
			return Flight{airline, destination, when.Format(time.DateOnly), monday, int64(when.Hour())}, nil
		}
	}
	return Flight{}, fmt.Errorf("%q is no time of the form YYYY-MM-DD HH:MM", text)
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
