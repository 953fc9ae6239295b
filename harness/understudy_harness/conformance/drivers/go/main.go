// Driver for the official Go SDK. It does what an application would do and nothing more: no retries, no timeouts and no
// parsing of its own.
//
//	go build -o driver . && ./driver
package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/ssestream"
	"github.com/openai/openai-go/v3/responses"
)

var kept sync.Map

// A client as the run wants it: a fresh one with connections of its own, or one that is kept.
func connect(r *run) *openai.Client {
	if client, known := kept.Load(r.Options.Reuse); known {
		return client.(*openai.Client)
	}
	settings := []option.RequestOption{option.WithBaseURL(r.BaseURL), option.WithAPIKey(r.APIKey)}
	if r.Options.Retries != nil {
		settings = append(settings, option.WithMaxRetries(*r.Options.Retries))
	}
	if r.Options.TimeoutS != nil {
		settings = append(settings, option.WithRequestTimeout(time.Duration(*r.Options.TimeoutS*float64(time.Second))))
	}
	if r.Options.Organization != "" {
		settings = append(settings, option.WithOrganization(r.Options.Organization))
	}
	if r.Options.Project != "" {
		settings = append(settings, option.WithProject(r.Options.Project))
	}
	if r.Options.DebugLog {
		settings = append(settings, option.WithDebugLog(nil))
	}
	client := openai.NewClient(settings...)
	if r.Options.Reuse != "" {
		kept.Store(r.Options.Reuse, &client)
	}
	return &client
}

func whole(completion *openai.ChatCompletion) fields {
	choices := []fields{}
	for _, one := range completion.Choices {
		calls := []fields{}
		for _, made := range one.Message.ToolCalls {
			calls = append(calls, fields{"id": made.ID, "name": made.Function.Name, "arguments": made.Function.Arguments})
		}
		choice := fields{"text": one.Message.Content, "finish": one.FinishReason, "tool_calls": calls}
		if one.Message.Refusal != "" {
			choice["refusal"] = one.Message.Refusal
		}
		choices = append(choices, choice)
	}
	return fields{"choices": choices, "usage": counts(completion.Usage)}
}

func counts(usage openai.CompletionUsage) fields {
	return fields{"in": usage.PromptTokens, "out": usage.CompletionTokens}
}

func chat(ctx context.Context, client *openai.Client, r *run) (fields, error) {
	var input openai.ChatCompletionNewParams
	if err := json.Unmarshal(r.Input, &input); err != nil {
		return nil, err
	}
	var answer *http.Response
	completion, err := client.Chat.Completions.New(ctx, input, option.WithResponseInto(&answer))
	if err != nil {
		return nil, err
	}
	result := whole(completion)
	result["request_id"] = answer.Header.Get("x-request-id")
	return result, nil
}

func stream(ctx context.Context, client *openai.Client, r *run) (fields, error) {
	var input openai.ChatCompletionNewParams
	if err := json.Unmarshal(r.Input, &input); err != nil {
		return nil, err
	}
	var answer *http.Response
	chunks := client.Chat.Completions.NewStreaming(ctx, input, option.WithResponseInto(&answer))
	defer chunks.Close()
	result := fields{}
	sum := openai.ChatCompletionAccumulator{}
	for chunks.Next() {
		chunk := chunks.Current()
		if input.Tools != nil {
			sum.AddChunk(chunk) // puts the calls together
		}
		if chunk.JSON.Usage.Valid() {
			result["usage"] = counts(chunk.Usage)
		}
		for _, choice := range chunk.Choices {
			r.finish(choice.FinishReason, choice.Index)
			r.delta(choice.Delta.Content, choice.Index)
			if refusal := choice.Delta.Refusal; refusal != "" {
				said, _ := r.choice(choice.Index)["refusal"].(string)
				r.choice(choice.Index)["refusal"] = said + refusal
			}
		}
	}
	if err := chunks.Err(); err != nil {
		return nil, err
	}
	result["choices"] = append([]fields{}, r.choices...)
	if input.Tools != nil {
		result["choices"] = whole(&sum.ChatCompletion)["choices"]
	}
	result["request_id"] = answer.Header.Get("x-request-id")
	return result, nil
}

var finishes = map[string]string{"completed": "stop", "max_output_tokens": "length"}

type responseFailed struct{ code, message string }

func (failed *responseFailed) Error() string { return failed.message }

func respond(ctx context.Context, client *openai.Client, r *run) (fields, error) {
	var input responses.ResponseNewParams
	if err := json.Unmarshal(r.Input, &input); err != nil {
		return nil, err
	}
	result := fields{}
	events := client.Responses.NewStreaming(ctx, input)
	defer events.Close()
	for events.Next() {
		event := events.Current()
		switch event.Type {
		case "response.output_text.delta":
			r.delta(event.Delta, 0)
		case "response.refusal.done":
			r.choice(0)["refusal"] = event.Refusal
		case "response.failed":
			return nil, &responseFailed{string(event.Response.Error.Code), event.Response.Error.Message}
		case "error":
			return nil, &responseFailed{event.Code, event.Message}
		case "response.completed", "response.incomplete":
			reason := event.Response.IncompleteDetails.Reason
			if reason == "" {
				reason = string(event.Response.Status)
			}
			if word, known := finishes[reason]; known {
				reason = word
			}
			r.finish(reason, 0)
			usage := event.Response.Usage
			result["usage"] = fields{"in": usage.InputTokens, "out": usage.OutputTokens}
		}
	}
	result["choices"] = append([]fields{}, r.choices...)
	return result, events.Err()
}

func bytesOf(text string) []byte {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return data
}

func pictures(answer *openai.ImagesResponse, err error) (fields, error) {
	if err != nil {
		return nil, err
	}
	told := []fields{}
	for _, one := range answer.Data {
		if one.B64JSON != "" {
			told = append(told, fields{"sha256": hash(bytesOf(one.B64JSON))})
		} else {
			told = append(told, fields{"url": one.URL})
		}
	}
	return fields{"pictures": told}, nil
}

func image(ctx context.Context, client *openai.Client, r *run) (fields, error) {
	var input openai.ImageGenerateParams
	if err := json.Unmarshal(r.Input, &input); err != nil {
		return nil, err
	}
	return pictures(client.Images.Generate(ctx, input))
}

func imageStream(ctx context.Context, client *openai.Client, r *run) (fields, error) {
	var input openai.ImageGenerateParams
	if err := json.Unmarshal(r.Input, &input); err != nil {
		return nil, err
	}
	final := []fields{}
	events := client.Images.GenerateStreaming(ctx, input)
	defer events.Close()
	for events.Next() {
		switch event := events.Current(); event.Type {
		case "image_generation.partial_image":
			r.picture(bytesOf(event.B64JSON), event.PartialImageIndex)
		case "image_generation.completed":
			final = append(final, fields{"sha256": hash(bytesOf(event.B64JSON))})
		}
	}
	return fields{"pictures": final}, events.Err()
}

func imageEdit(ctx context.Context, client *openai.Client, r *run) (fields, error) {
	var input struct {
		Model, Prompt string
		Images        []struct{ Name, Content, Type string }
	}
	if err := json.Unmarshal(r.Input, &input); err != nil {
		return nil, err
	}
	files := []io.Reader{}
	for _, one := range input.Images {
		if one.Type == "" {
			one.Type = "image/png"
		}
		files = append(files, openai.File(bytes.NewReader(bytesOf(one.Content)), one.Name, one.Type))
	}
	return pictures(client.Images.Edit(ctx, openai.ImageEditParams{
		Model: input.Model, Prompt: input.Prompt, Image: openai.ImageEditParamsImageUnion{OfFileArray: files},
	}))
}

func embed(ctx context.Context, client *openai.Client, r *run) (fields, error) {
	var input openai.EmbeddingNewParams
	if err := json.Unmarshal(r.Input, &input); err != nil {
		return nil, err
	}
	answer, err := client.Embeddings.New(ctx, input)
	if err != nil {
		return nil, err
	}
	vectors := [][]float64{}
	for _, one := range answer.Data {
		vectors = append(vectors, one.Embedding)
	}
	return fields{"vectors": vectors, "usage": fields{"in": answer.Usage.PromptTokens}}, nil
}

func speech(ctx context.Context, client *openai.Client, r *run) (fields, error) {
	var input openai.AudioSpeechNewParams
	if err := json.Unmarshal(r.Input, &input); err != nil {
		return nil, err
	}
	answer, err := client.Audio.Speech.New(ctx, input)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	sound, err := io.ReadAll(answer.Body)
	return fields{"bytes_sha256": hash(sound)}, err
}

func list(ctx context.Context, client *openai.Client, r *run) (fields, error) {
	var input struct{ Limit int64 }
	if err := json.Unmarshal(r.Input, &input); err != nil {
		return nil, err
	}
	items := []string{}
	files := client.Files.ListAutoPaging(ctx, openai.FileListParams{Limit: openai.Int(input.Limit)})
	for files.Next() {
		items = append(items, files.Current().ID)
	}
	return fields{"items": items}, files.Err()
}

var kinds = map[int]string{400: "bad_request", 401: "auth", 403: "permission", 404: "not_found", 408: "timeout", 422: "bad_request"}

var kindsByCode = map[string]string{"insufficient_quota": "quota", "rate_limit_exceeded": "rate_limit", "server_error": "server"}

func kindOfStatus(status int, code string) string {
	switch kind, known := kinds[status]; {
	case status == 429 && code == "insufficient_quota":
		return "quota"
	case status == 429:
		return "rate_limit"
	case known:
		return kind
	case status >= 500:
		return "server"
	}
	return "other"
}

// Describes what the SDK returned.
func describe(err error) fields {
	told := fields{"kind": "other", "message": err.Error()}
	var refused *openai.Error
	var broken *ssestream.StreamError
	var failed *responseFailed
	var carried net.Error
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &refused):
		told["kind"], told["type"], told["status"] = kindOfStatus(refused.StatusCode, refused.Code), "openai.Error", refused.StatusCode
		told["code"], told["message"] = refused.Code, err.Error()+": "+refused.Message+refused.RawJSON()
		if refused.Response != nil {
			told["request_id"] = refused.Response.Header.Get("x-request-id")
			if wait, err := strconv.Atoi(refused.Response.Header.Get("retry-after")); err == nil {
				told["retry_after_s"] = wait
			}
		}
	case errors.As(err, &broken):
		var data struct{ Error openai.Error }
		told["kind"], told["type"] = "protocol", "ssestream.StreamError"
		if json.Unmarshal(broken.Event.Data, &data) == nil {
			told["code"] = data.Error.Code
			if kind, known := kindsByCode[data.Error.Code]; known {
				told["kind"] = kind
			}
		}
	case errors.As(err, &failed):
		told["kind"], told["code"] = "server", failed.code
		if kind, known := kindsByCode[failed.code]; known {
			told["kind"] = kind
		}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &carried) && carried.Timeout():
		told["kind"] = "timeout"
	case errors.As(err, &carried), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		told["kind"] = "connection"
	case errors.As(err, &syntax):
		told["kind"] = "protocol"
	}
	return told
}

func main() {
	calls := map[string]func(context.Context, *openai.Client, *run) (fields, error){
		"chat": chat, "stream": stream, "responses": respond, "image": image, "image.stream": imageStream,
		"image.edit": imageEdit, "embed": embed, "speech": speech, "list": list,
	}
	ops := []string{}
	for op := range calls {
		ops = append(ops, op)
	}
	// What no application could close either: connections of http.DefaultTransport.
	idle := http.DefaultTransport.(*http.Transport).IdleConnTimeout.Seconds()
	serve(fields{
		"client": fields{
			"name": "openai-go", "version": version(), "language": "Go", "runtime": runtime.Version(), "http": "net/http",
			"homepage": "https://github.com/openai/openai-go", "issues": "https://github.com/openai/openai-go/issues",
		},
		"ops":      ops,
		"can":      []string{"cancel", "parallel", "timeout", "retries", "tools", "n", "headers", "logs", "reuse"},
		"declares": fields{"max_attempts": 3, "keepalive_s": idle, "total_timeout": true}, // WithRequestTimeout ends the whole attempt
	}, func(ctx context.Context, r *run) (fields, error) { return calls[r.Op](ctx, connect(r), r) }, describe)
	os.Exit(0)
}
