package result

import "encoding/json"

// Head reads what tells results apart: the number of their shape, and of which
// kind they are.
func Head(data []byte) (schema int, kind string, err error) {
	var head struct {
		Schema int    `json:"schema"`
		Kind   string `json:"kind"`
		Events *int64 `json:"events"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return 0, "", err
	}
	if head.Kind == "" && head.Events != nil {
		return head.Schema, "replay", nil // which does not say so
	}
	return head.Schema, head.Kind, nil
}
