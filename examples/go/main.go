// How likely a flight leaves late: go run . "Sky Airline" Calama "2017-11-27 13:00"
package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"atraso/examples/go/delay"
)

const usage = `usage: go run . AIRLINE DESTINATION "YYYY-MM-DD HH:MM[:SS]"

The probability that the flight leaves Santiago more than 15 minutes late. The time is Santiago's; with a UTC offset,
as in 2017-11-27T13:00Z, it is converted.`

func main() {
	args := os.Args[1:]
	if slices.Contains(args, "-h") || slices.Contains(args, "--help") {
		fmt.Println(usage)
		return
	}
	if err := predict(args); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s\n", err, usage)
		os.Exit(1)
	}
}

func predict(args []string) error {
	if len(args) != 3 {
		return errors.New("an airline, a destination and a time are wanted")
	}
	flight, err := delay.NewFlight(args[0], args[1], args[2])
	if err != nil {
		return err
	}
	unknown, err := delay.Unknown(flight)
	if err != nil {
		return err
	}
	for _, sentence := range unknown {
		fmt.Fprintln(os.Stderr, sentence)
	}
	model, err := delay.Open()
	if err != nil {
		return err
	}
	defer model.Close()
	probabilities, err := model.Probabilities([]delay.Flight{flight})
	if err != nil {
		return err
	}
	fmt.Printf("%.4f\n", probabilities[0])
	return nil
}
