package delay

import (
	"encoding/json"
	"fmt"
	"os"
)

// Unknown has a sentence for each name that no table knows: the model takes averages for it.
func Unknown(flight Flight) ([]string, error) {
	var manifest struct {
		Features []struct {
			Name string   `json:"name"`
			Key  []string `json:"key"`
		} `json:"features"`
	}
	if err := read("manifest.json", &manifest); err != nil {
		return nil, err
	}
	var told []string
	for _, asked := range []struct{ part, what, name string }{
		{"OPERA", "airline", flight.Airline}, {"SIGLADES", "destination", flight.Destination},
	} {
		for _, feature := range manifest.Features {
			if len(feature.Key) != 1 || feature.Key[0] != asked.part {
				continue
			}
			var table map[string]float64
			if err := read(feature.Name+".json", &table); err != nil {
				return nil, err
			}
			if _, known := table[asked.name]; !known {
				told = append(told, fmt.Sprintf("the model does not know the %s %q: it takes averages", asked.what, asked.name))
			}
			break
		}
	}
	return told, nil
}

func read(name string, into any) error {
	text, err := os.ReadFile(Beside("../../tables/" + name))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
