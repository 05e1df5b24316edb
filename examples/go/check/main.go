// Runs every golden vector and prints the largest difference: go run ./check [golden.json [times.json]]
package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strings"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"atraso/examples/go/delay"
)

const limit = 1e-5

func main() {
	paths := []string{delay.Beside("../golden.json"), delay.Beside("../times.json")}
	copy(paths, os.Args[1:])
	err := checkTimes(paths[1])
	if err == nil {
		err = check(paths[0])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// checkTimes holds what is read against texts with what the service reads each as.
func checkTimes(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var times []struct {
		Text    string  `json:"FECHA_PROGRAMADA"`
		Date    *string `json:"FECHA"`
		Weekday *int64  `json:"dia_semana"`
		Hour    *int64  `json:"hora"`
	}
	if err := json.Unmarshal(text, &times); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, each := range times {
		found, err := delay.NewFlight("", "", each.Text)
		refused := err != nil
		if refused != (each.Date == nil) {
			return fmt.Errorf("%q should be refused: %v, and was: %v", each.Text, each.Date == nil, refused)
		}
		if !refused && (found.Date != *each.Date || found.Weekday != *each.Weekday || found.Hour != *each.Hour) {
			return fmt.Errorf("%q was read as %v", each.Text, found)
		}
	}
	return nil
}

func check(path string) error {
	flights, expected, err := read(path)
	if err != nil {
		return err
	}
	model, err := delay.Open()
	if err != nil {
		return err
	}
	defer model.Close()

	var failed error
	together := func() []float32 {
		found, err := model.Probabilities(flights)
		if err != nil {
			failed = err
		}
		return found
	}
	alone := func() []float32 {
		found := make([]float32, 0, len(flights))
		for n := range flights {
			one, err := model.Probabilities(flights[n : n+1])
			if err != nil {
				failed = err
			}
			found = append(found, one...)
		}
		return found
	}
	first, second := together(), alone()
	if failed != nil {
		return failed
	}
	difference := max(largest(first, expected), largest(second, expected))
	count := float64(len(flights))
	fmt.Printf("onnxruntime_go %s with onnxruntime %s, pipeline.onnx: largest difference %.1e over %d flights, "+
		"%.2f us alone, %.3f us in a batch of %d\n", packageVersion(), ort.GetVersion(), difference, len(flights),
		leastMicroseconds(5, alone)/count, leastMicroseconds(50, together)/count, len(flights))
	if !(difference <= limit) {
		return fmt.Errorf("a difference is above %.0e", limit)
	}
	return failed
}

// packageVersion is the version of onnxruntime_go that this was built with.
func packageVersion() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/yalue/onnxruntime_go" {
			return strings.TrimPrefix(module.Version, "v")
		}
	}
	return "unknown"
}

func read(path string) ([]delay.Flight, []float64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	var vectors []struct {
		Airline     string   `json:"OPERA"`
		Destination string   `json:"SIGLADES"`
		Time        string   `json:"FECHA_PROGRAMADA"`
		Probability *float64 `json:"delay_probability"`
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(vectors) == 0 {
		return nil, nil, fmt.Errorf("%s: it holds no flight", path)
	}
	flights, expected := make([]delay.Flight, len(vectors)), make([]float64, len(vectors))
	for n, vector := range vectors {
		if vector.Probability == nil {
			return nil, nil, fmt.Errorf("%s: flight %d has no delay_probability", path, n)
		}
		expected[n] = *vector.Probability
		if flights[n], err = delay.NewFlight(vector.Airline, vector.Destination, vector.Time); err != nil {
			return nil, nil, fmt.Errorf("%s: flight %d: %w", path, n, err)
		}
	}
	return flights, expected, nil
}

// largest is the largest difference, NaN where some probability is none.
func largest(found []float32, expected []float64) float64 {
	difference := 0.0
	for n := range expected {
		difference = max(difference, math.Abs(float64(found[n])-expected[n]))
	}
	return difference
}

// leastMicroseconds is the least time that what takes in so many tries.
func leastMicroseconds(tries int, what func() []float32) float64 {
	least := time.Duration(math.MaxInt64)
	for range tries {
		start := time.Now()
		what()
		least = min(least, time.Since(start))
	}
	return float64(least.Nanoseconds()) / 1000
}
