package catalogue

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"
	"unicode"
)

// vertex is a table or a feed in a drawing.
type vertex struct {
	name string // schema.name, or the name of a feed
	feed bool
}

// network is everything that can be drawn, and how it hangs together.
type network struct {
	before, next map[vertex][]vertex
	tables       map[string]*Table
	feeds        map[string]*Feed
	into         map[Source][]Source // from a column to those that it flows into
}

func newNetwork(c Catalogue) network {
	n := network{before: map[vertex][]vertex{}, next: map[vertex][]vertex{}, tables: map[string]*Table{}, feeds: map[string]*Feed{}, into: map[Source][]Source{}}
	for i := range c.Feeds {
		n.feeds[c.Feeds[i].Name] = &c.Feeds[i]
	}
	for i := range c.Tables {
		n.tables[c.Tables[i].Name] = &c.Tables[i]
	}
	for _, table := range c.Tables {
		for _, feed := range table.Feeds {
			n.join(vertex{feed, true}, vertex{table.Name, false})
		}
		for _, input := range table.Inputs {
			if n.tables[input] != nil && input != table.Name {
				n.join(vertex{input, false}, vertex{table.Name, false})
			}
		}
		for _, column := range table.Columns {
			for _, source := range column.Sources {
				n.into[source] = append(n.into[source], Source{Table: table.Name, Column: column.Name})
			}
		}
	}
	return n
}

func (n network) join(from, to vertex) {
	n.before[to], n.next[from] = append(n.before[to], from), append(n.next[from], to)
}

// around gives what a vertex is made from and what is made from it, so many steps far, itself included.
func (n network) around(center vertex, depth int) map[vertex]bool {
	found := map[vertex]bool{center: true}
	for _, neighbours := range []map[vertex][]vertex{n.before, n.next} {
		edge := []vertex{center}
		seen := map[vertex]bool{center: true}
		for range depth {
			var further []vertex
			for _, from := range edge {
				for _, to := range neighbours[from] {
					if !seen[to] {
						seen[to], found[to] = true, true
						further = append(further, to)
					}
				}
			}
			edge = further
		}
	}
	return found
}

// all gives every vertex, with or without feeds.
func (n network) all(feeds bool) map[vertex]bool {
	found := map[vertex]bool{}
	for name := range n.tables {
		found[vertex{name, false}] = true
	}
	for name := range n.feeds {
		if feeds {
			found[vertex{name, true}] = true
		}
	}
	return found
}

// part is the graph of some vertices, in the order of their names.
func (n network) part(shown map[vertex]bool) ([]vertex, graph) {
	vertices := make([]vertex, 0, len(shown))
	for v := range shown {
		vertices = append(vertices, v)
	}
	slices.SortFunc(vertices, func(a, b vertex) int { return strings.Compare(a.key(), b.key()) })
	number := map[vertex]int{}
	for i, v := range vertices {
		number[v] = i
	}
	g := graph{nodes: len(vertices)}
	for i, v := range vertices {
		for _, input := range n.before[v] {
			if shown[input] {
				g.edges = append(g.edges, [2]int{number[input], i})
			}
		}
	}
	return vertices, g
}

func (v vertex) key() string {
	if v.feed {
		return "feed " + v.name
	}
	return v.name
}

func (v vertex) page() string {
	if v.feed {
		return feedPage(v.name)
	}
	return tablePage(v.name)
}

// kind is the class by which a node gets its colour: the schema of a built-in room, or "other".
func (v vertex) kind() string {
	if v.feed {
		return "feed"
	}
	return schemaClass(v.name)
}

func schemaClass(table string) string {
	schema, _, _ := strings.Cut(table, ".")
	switch schema {
	case "mart", "core", "dataset", "seed", "identity", "ledger":
		return schema
	}
	return "other"
}

// The measures of a drawing, in CSS pixels.
const (
	nodeHeight  = 26.0
	rowHeight   = 36.0
	columnGap   = 40.0
	drawingEdge = 8.0
	letterWidth = 7.1 // of the 12 px monospaced face
	nodePadding = 10.0
	smallest    = 0.8 // of its size a drawing may become, to fit without scrolling
	longestNode = 30  // letters; a longer name is cut, and whole in its title
)

// draw makes an SVG of some vertices; center stands out and has no link. root leads from the page to the top of the site.
func (n network) draw(shown map[vertex]bool, center vertex, root, title string) template.HTML {
	vertices, g := n.part(shown)
	place := layOut(g)
	left, width := columnPlaces(vertices, place)
	height := place.rows*rowHeight + nodeHeight + 2*drawingEdge
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg class="lineage" width="%s" height="%s" style="min-width:%spx" viewBox="0 0 %s %s" role="group" aria-label="%s">`,
		pixels(width), pixels(height), pixels(width*smallest), pixels(width), pixels(height), html.EscapeString(title))
	for i, edge := range g.edges {
		start := left[place.column[edge[0]]] + nodeWidth(vertices[edge[0]])
		fmt.Fprintf(&svg, `<path d="%s" data-from="%d" data-to="%d"/>`, curve(start, place.paths[i], left), edge[0], edge[1])
	}
	for i, v := range vertices {
		box := box{x: left[place.column[i]], y: drawingEdge + place.row[i]*rowHeight, width: nodeWidth(v)}
		n.node(&svg, i, v, box, v == center, root)
	}
	svg.WriteString("</svg>")
	return template.HTML(svg.String()) // every text in it is escaped
}

type box struct{ x, y, width float64 }

func (n network) node(svg *strings.Builder, number int, v vertex, at box, center bool, root string) {
	open, end := fmt.Sprintf(`<a href="%s" data-node="%d">`, href(root, v.page()), number), "</a>"
	class := v.kind()
	if center {
		open, end = fmt.Sprintf(`<g data-node="%d" aria-current="true">`, number), "</g>"
		class += " center"
	}
	fmt.Fprintf(svg, `%s<title>%s</title><rect class="%s" x="%s" y="%s" width="%s" height="%s" rx="3"/><text x="%s" y="%s">%s</text>%s`,
		open, html.EscapeString(n.tip(v)), class, pixels(at.x), pixels(at.y), pixels(at.width), pixels(nodeHeight),
		pixels(at.x+nodePadding), pixels(at.y+nodeHeight/2+4), html.EscapeString(short(v.name)), end)
}

// tip is what a node says when it is pointed at.
func (n network) tip(v vertex) string {
	text := v.key()
	chinese := ""
	if feed := n.feeds[v.name]; v.feed && feed != nil {
		chinese = feed.Chinese
	}
	if table := n.tables[v.name]; !v.feed && table != nil {
		chinese = table.Chinese
	}
	if chinese != "" {
		text += " " + chinese
	}
	return text
}

// columnPlaces are the left edges of the columns, and how wide they are together.
func columnPlaces(vertices []vertex, place placed) (left []float64, width float64) {
	widest := make([]float64, place.columns)
	for i, v := range vertices {
		widest[place.column[i]] = max(widest[place.column[i]], nodeWidth(v))
	}
	x := drawingEdge
	for _, column := range widest {
		left = append(left, x)
		x += column + columnGap
	}
	return left, x - columnGap + drawingEdge
}

func nodeWidth(v vertex) float64 {
	width := 2 * nodePadding
	for _, letter := range short(v.name) {
		width += letterWidth
		if unicode.In(letter, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
			width += letterWidth
		}
	}
	return width
}

func short(name string) string {
	letters := []rune(name)
	if len(letters) <= longestNode {
		return name
	}
	return string(letters[:longestNode-1]) + "…"
}

// curve runs from the right side of a node, at x, through the waypoints to the left side of another.
func curve(x float64, path []point, left []float64) string {
	y := middle(path[0])
	var d strings.Builder
	fmt.Fprintf(&d, "M%s %s", pixels(x), pixels(y))
	for _, to := range path[1:] {
		toX, toY := left[to.column], middle(to)
		bend := max((x+toX)/2, toX-columnGap/2) // in the gap between two columns, where no node is
		fmt.Fprintf(&d, "C%s %s %s %s %s %s", pixels(bend), pixels(y), pixels(bend), pixels(toY), pixels(toX), pixels(toY))
		x, y = toX, toY
	}
	return d.String()
}

// middle is how far down the middle of a node is.
func middle(at point) float64 { return drawingEdge + at.row*rowHeight + nodeHeight/2 }

// pixels writes a measure with one decimal at most.
func pixels(measure float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", math.Round(measure*10)/10), ".0")
}
