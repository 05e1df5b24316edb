// How likely a flight leaves late: go run . "Sky Airline" Calama "2017-11-27 13:00"
package main

import (
	"errors"
	"fmt"
	"os"

	"atraso/examples/go/delay"
)

func main() {
	if err := predict(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "%v\nusage: go run . AIRLINE DESTINATION \"YYYY-MM-DD HH:MM\"\n", err)
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
