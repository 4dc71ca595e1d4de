package lint

import (
	"strings"
	"testing"
)

func TestTokens(t *testing.T) {
	for text, want := range map[string]string{
		"a.b":                "w:a s:. w:b",
		"'it''s' 'b'":        "l:'it''s' l:'b'",
		`e'a\'b' x'00' E''`:  `l:e'a\'b' l:x'00' l:E''`,
		`name'x'`:            `w:name l:'x'`,
		`"a""b".c`:           `q:"a""b" s:. w:c`,
		"$$a'b$$ $x$ $$ $x$": "l:$$a'b$$ l:$x$ $$ $x$",
		"$1+a$b":             "s:$1 s:+ w:a$b",
		"-- a 'b\nc":         "-:-- a 'b w:c",
		"/* a /* b */ c */d": "*:/* a /* b */ c */ w:d",
		"1e5 1E-5 .5 1_000":  "n:1e5 n:1E-5 n:.5 n:1_000",
		"a-1 1-2":            "w:a s:- n:1 n:1 s:- n:2",
		"a=-1 a>=-b a<>b":    "w:a s:= s:- n:1 w:a s:>= s:- w:b w:a s:<> w:b",
		"a@>b a||b a->>'c'":  "w:a s:@> w:b w:a s:|| w:b w:a s:->> l:'c'",
		"a*/* c */b a--c":    "w:a s:* *:/* c */ w:b w:a -:--c",
		"a::int[1:2]":        "w:a s::: w:int s:[ n:1 s:: n:2 s:]",
		"积分 as 分,b":          "w:积分 w:as w:分 s:, w:b",
	} {
		tokens, err := tokenize(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		var got []string
		letters := map[class]string{lineComment: "-", blockComment: "*", word: "w", quotedName: "q", literal: "l", number: "n", symbol: "s"}
		for _, token := range tokens {
			if token.class != blank {
				got = append(got, letters[token.class]+":"+token.text)
			}
		}
		if joined := strings.Join(got, " "); joined != want {
			t.Errorf("%s\n got  %s\n want %s", text, joined, want)
		}
	}
}

// FuzzTokens holds that no letter gets lost, whatever the text.
func FuzzTokens(f *testing.F) {
	for _, text := range []string{"select 'a', \"b\" -- c\n/* d */ $$e$$", "'", "$", "$a", "/*", "1.e+", "\xff", "a\u00a0b", "e'\\"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := tokenize(text)
		if err != nil {
			return
		}
		var whole strings.Builder
		for _, token := range tokens {
			if token.text == "" {
				t.Fatal("an empty token")
			}
			if token.line != 1+strings.Count(whole.String(), "\n") {
				t.Errorf("%q is said to be in line %d", token.text, token.line)
			}
			whole.WriteString(token.text)
		}
		if whole.String() != text {
			t.Errorf("%q became %q", text, whole.String())
		}
	})
}
