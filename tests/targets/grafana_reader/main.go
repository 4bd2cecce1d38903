// Reads a provisioning file of Grafana's alerting as Grafana does, and prints it as JSON.
//
// A value has environment variables put in: `$NAME` and `${NAME}`, `$__env{NAME}`, and the content of a file for
// `$__file{PATH}`; `$$` is a `$`. Annotations, and the models of queries, are kept as they are written, but whatever
// they hold is looked up all the same, and what can't be looked up stops Grafana.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"

	"gopkg.in/yaml.v2"
)

var expander = regexp.MustCompile(`\$(|__\w+)\{([^}]+)\}`)

func lookedUp(text string) (string, error) {
	var failed error
	found := expander.ReplaceAllStringFunc(text, func(match string) string {
		parts := expander.FindStringSubmatch(match)
		switch parts[1] {
		case "", "__env":
			return os.Getenv(parts[2])
		case "__file":
			content, err := os.ReadFile(parts[2])
			if err != nil {
				failed = err
			}
			return strings.TrimSpace(string(content))
		default:
			return match
		}
	})
	return found, failed
}

func value(text string) (string, error) {
	parts := strings.Split(text, "$$")
	for i, part := range parts {
		found, err := lookedUp(part)
		if err != nil {
			return "", err
		}
		parts[i] = os.ExpandEnv(found)
	}
	return strings.Join(parts, "$"), nil
}

// read converts what YAML holds to what JSON can; raw keeps texts as they are written.
func read(node interface{}, raw bool) (interface{}, error) {
	switch node := node.(type) {
	case map[interface{}]interface{}:
		object := map[string]interface{}{}
		for key, child := range node {
			name := fmt.Sprint(key)
			got, err := read(child, raw || name == "annotations" || name == "model")
			if err != nil {
				return nil, err
			}
			object[name] = got
		}
		return object, nil
	case []interface{}:
		list := []interface{}{}
		for _, child := range node {
			got, err := read(child, raw)
			if err != nil {
				return nil, err
			}
			list = append(list, got)
		}
		return list, nil
	case string:
		found, err := value(node)
		if raw {
			return node, err
		}
		return found, err
	default:
		return node, nil
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func main() {
	files := map[string]interface{}{}
	for _, path := range os.Args[1:] {
		content, err := os.ReadFile(path)
		if err != nil {
			fail(err)
		}
		var node interface{}
		if err := yaml.Unmarshal(content, &node); err != nil {
			fail(err)
		}
		if files[path], err = read(node, false); err != nil {
			fail(err)
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(files); err != nil {
		fail(err)
	}
}
