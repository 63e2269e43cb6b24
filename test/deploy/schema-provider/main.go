// A provider that knows the schema of the AWS provider's resources that deploy/terraform uses, and nothing else:
// with it `tofu validate` checks every argument, block, type and reference of the module in seconds, where building
// the AWS provider itself takes most of an hour.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"log"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

//go:embed aws-schema.json
var schemaJSON []byte

type schemas struct {
	Resources   map[string]schema `json:"resource_schemas"`
	DataSources map[string]schema `json:"data_source_schemas"`
}

type schema struct {
	Version int64 `json:"version"`
	Block   block `json:"block"`
}

type block struct {
	Attributes map[string]attribute `json:"attributes"`
	BlockTypes map[string]nested    `json:"block_types"`
}

type attribute struct {
	Type     json.RawMessage `json:"type"`
	Required bool            `json:"required"`
	Optional bool            `json:"optional"`
	Computed bool            `json:"computed"`
}

type nested struct {
	NestingMode string `json:"nesting_mode"`
	MinItems    int64  `json:"min_items"`
	Block       block  `json:"block"`
}

func main() {
	var known schemas
	if err := json.Unmarshal(schemaJSON, &known); err != nil {
		log.Fatalf("reading aws-schema.json: %v", err)
	}
	server := provider{
		resources:   convertAll(known.Resources),
		dataSources: convertAll(known.DataSources),
	}
	err := tf6server.Serve("registry.opentofu.org/hashicorp/aws", func() tfprotov6.ProviderServer { return server })
	if err != nil {
		log.Fatal(err)
	}
}

// provider answers what validating asks. Planning and applying meet the nil interface, and fail.
type provider struct {
	tfprotov6.ProviderServer
	resources   map[string]*tfprotov6.Schema
	dataSources map[string]*tfprotov6.Schema
}

func (p provider) GetProviderSchema(context.Context, *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return &tfprotov6.GetProviderSchemaResponse{
		Provider: &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{
			{Name: "region", Type: tftypes.String, Optional: true},
		}}},
		ResourceSchemas:   p.resources,
		DataSourceSchemas: p.dataSources,
	}, nil
}

func (p provider) ValidateProviderConfig(context.Context, *tfprotov6.ValidateProviderConfigRequest) (*tfprotov6.ValidateProviderConfigResponse, error) {
	return &tfprotov6.ValidateProviderConfigResponse{}, nil
}

func (p provider) ValidateResourceConfig(context.Context, *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	return &tfprotov6.ValidateResourceConfigResponse{}, nil
}

func (p provider) ValidateDataResourceConfig(context.Context, *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return &tfprotov6.ValidateDataResourceConfigResponse{}, nil
}

func (p provider) StopProvider(context.Context, *tfprotov6.StopProviderRequest) (*tfprotov6.StopProviderResponse, error) {
	return &tfprotov6.StopProviderResponse{}, nil
}

func convertAll(from map[string]schema) map[string]*tfprotov6.Schema {
	to := make(map[string]*tfprotov6.Schema, len(from))
	for name, known := range from {
		to[name] = &tfprotov6.Schema{Version: known.Version, Block: known.Block.convert(name)}
	}
	return to
}

func (b block) convert(where string) *tfprotov6.SchemaBlock {
	to := &tfprotov6.SchemaBlock{}
	for name, known := range b.Attributes {
		kind, err := tftypes.ParseJSONType(known.Type) //nolint:staticcheck // the only reader of this form
		if err != nil {
			log.Fatalf("%s.%s: %v", where, name, err)
		}
		to.Attributes = append(to.Attributes, &tfprotov6.SchemaAttribute{
			Name: name, Type: kind, Required: known.Required, Optional: known.Optional, Computed: known.Computed,
		})
	}
	for name, known := range b.BlockTypes {
		to.BlockTypes = append(to.BlockTypes, &tfprotov6.SchemaNestedBlock{
			TypeName: name,
			Block:    known.Block.convert(fmt.Sprintf("%s.%s", where, name)),
			Nesting:  nesting[known.NestingMode],
			MinItems: known.MinItems,
		})
	}
	return to
}

var nesting = map[string]tfprotov6.SchemaNestedBlockNestingMode{
	"list":   tfprotov6.SchemaNestedBlockNestingModeList,
	"set":    tfprotov6.SchemaNestedBlockNestingModeSet,
	"single": tfprotov6.SchemaNestedBlockNestingModeSingle,
}
