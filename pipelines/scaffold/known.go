package scaffold

import (
	"fmt"
	"reflect"
	"strings"

	"countinghouse/internal/contract"
	"countinghouse/internal/model"
	"countinghouse/schemas"
	"countinghouse/sql"

	"github.com/goccy/go-yaml"
)

// addNames adds the names that come with the product where the writer of a file chooses one, so that editors offer them: the datasets that
// a feed may give with their columns, and the parameters that a project may set. A project may have others, which are allowed as before.
func addNames(kind string, by describer, made schema) error {
	properties, _ := made["properties"].(schema)
	var err error
	switch kind {
	case "feed":
		properties["gives"].(schema)["properties"], err = datasetNames(by)
	case "countinghouse":
		properties["parameters"].(schema)["properties"], err = parameterNames()
	}
	return err
}

func datasetNames(by describer) (schema, error) {
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		return nil, fmt.Errorf("built-in datasets: %w", err)
	}
	names := schema{}
	for _, dataset := range registry.Datasets() {
		columns := schema{}
		for _, column := range dataset.Columns {
			columns[column.Name] = schema{"type": "string", "description": words(column.Zh, column.About, column.Type)}
		}
		give := by.describe(reflect.TypeFor[contract.Give](), "gives.*")
		give["description"] = words(dataset.Zh, dataset.About)
		give["properties"].(schema)["columns"].(schema)["properties"] = columns
		names[dataset.Dataset] = give
	}
	return names, nil
}

func parameterNames() (schema, error) {
	text, err := sql.Files.ReadFile("parameters.yaml")
	if err != nil {
		return nil, fmt.Errorf("built-in parameters: %w", err)
	}
	var parameters map[string]model.Parameter
	if err := yaml.Unmarshal(text, &parameters); err != nil {
		return nil, fmt.Errorf("built-in parameters: %w", err)
	}
	names := schema{}
	for name, parameter := range parameters {
		if parameter.Default == nil { // such as as_of, which each run sets
			continue
		}
		names[name] = schema{
			"type": jsonType(parameter.Type), "default": parameter.Default,
			"description": words(parameter.Chinese, parameter.About, fmt.Sprintf("default %v", parameter.Default)),
		}
	}
	return names, nil
}

// jsonType is how a parameter's value is written in YAML.
func jsonType(parameter string) string {
	switch parameter {
	case "integer", "boolean":
		return parameter
	case "decimal":
		return "number"
	default:
		return "string"
	}
}

// words joins what there is of several texts.
func words(texts ...string) string {
	var given []string
	for _, text := range texts {
		if text = strings.TrimSpace(text); text != "" {
			given = append(given, text)
		}
	}
	return strings.Join(given, " · ")
}
