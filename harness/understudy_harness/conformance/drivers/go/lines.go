// The lines of the protocol: this file knows nothing about any client.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

type fields = map[string]any

// A run line, and what an application has seen of its call so far.
type run struct {
	Seq     int             `json:"seq"`
	Op      string          `json:"op"`
	BaseURL string          `json:"base_url"`
	APIKey  string          `json:"api_key"`
	Input   json.RawMessage `json:"input"`
	Options struct {
		Retries      *int     `json:"retries"`
		TimeoutS     *float64 `json:"timeout_s"`
		Organization string   `json:"organization"`
		Project      string   `json:"project"`
		DebugLog     bool     `json:"debug_log"`
		Reuse        string   `json:"reuse"`
	} `json:"options"`

	choices  []fields
	pictures []fields
}

var output sync.Mutex

func write(line fields) {
	written, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	os.Stdout.Write(append(written, '\n'))
}

func (r *run) say(line fields) {
	line["seq"] = r.Seq
	write(line)
}

func (r *run) choice(index int64) fields {
	for int64(len(r.choices)) <= index {
		r.choices = append(r.choices, fields{"text": "", "finish": nil})
	}
	return r.choices[index]
}

func (r *run) delta(text string, index int64) {
	choice := r.choice(index)
	if text != "" {
		choice["text"] = choice["text"].(string) + text
		r.say(fields{"event": "delta", "index": index, "text": text})
	}
}

func (r *run) finish(reason string, index int64) {
	if reason != "" {
		r.choice(index)["finish"] = reason
	}
}

func (r *run) picture(data []byte, index int64) {
	r.pictures = append(r.pictures, fields{"sha256": hash(data), "partial": index})
	r.say(fields{"event": "picture", "index": index, "sha256": hash(data)})
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// What a driver makes of a run: the fields of its result, or what the client returned as an error.
type call func(context.Context, *run) (fields, error)

func perform(ctx context.Context, r *run, made call, describe func(error) fields) {
	result, err := made(ctx, r)
	if err == nil && ctx.Err() == nil {
		r.say(fields{"result": result})
		return
	}
	told := fields{"kind": "cancelled"}
	if ctx.Err() == nil {
		told = describe(err)
		told["debug"] = fmt.Sprintf("%+v", err)
	}
	told["partial"] = fields{"choices": append([]fields{}, r.choices...), "pictures": append([]fields{}, r.pictures...)}
	r.say(fields{"error": told})
}

// Speaks the protocol until `stop` or the end of standard input.
func serve(introduction fields, made call, describe func(error) fields) {
	lines := bufio.NewReader(os.Stdin)
	var cancels sync.Map
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var told struct{ Cmd string }
		r := &run{}
		if json.Unmarshal(line, &told) != nil || json.Unmarshal(line, r) != nil {
			panic("a line that is not of the protocol: " + string(line))
		}
		switch told.Cmd {
		case "hello":
			write(introduction)
		case "run":
			ctx, cancel := context.WithCancel(context.Background())
			cancels.Store(r.Seq, cancel)
			go func() {
				perform(ctx, r, made, describe)
				cancels.Delete(r.Seq)
				cancel()
			}()
		case "cancel":
			if cancel, known := cancels.Load(r.Seq); known {
				cancel.(context.CancelFunc)()
			}
		case "stop":
			return
		}
	}
}
