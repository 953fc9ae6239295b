package main

import (
	"runtime/debug"
	"strings"
)

// The SDK's version, as it was built in.
func version() string {
	if info, known := debug.ReadBuildInfo(); known {
		for _, module := range info.Deps {
			if module.Path == "github.com/openai/openai-go/v3" {
				return strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	return "unknown"
}
