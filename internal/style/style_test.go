package style_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"countinghouse/internal/style"
)

// places are written by two guides: one has slashes in its phones and capitals, the other one dashes and no street at times. Partners are the even and the odd
// record behind it; doubles: they are of one guide.
func places(doubles bool) (*style.Records, [][2]int32) {
	dice := rand.New(rand.NewPCG(5, 9))
	records := style.New(3)
	var partners [][2]int32
	for i := range int32(300) {
		first := i%2 == 0
		if doubles {
			first = i%4 < 2
		}
		name, phone := fmt.Sprintf("place %c%c", 'a'+dice.IntN(26), 'a'+dice.IntN(26)), fmt.Sprintf("%d-%d", 100+dice.IntN(900), 1000+dice.IntN(9000))
		street := fmt.Sprintf("%d elm st.", dice.IntN(100))
		if first {
			name, phone = "P"+name[1:], fmt.Sprintf("%d/%d", 100+dice.IntN(900), dice.IntN(9000))
		} else if dice.IntN(2) == 0 {
			street = ""
		}
		records.Add([]string{name, phone, street})
		if i%2 == 1 {
			partners = append(partners, [2]int32{i - 1, i})
		}
	}
	return records, partners
}

func TestListsAreToldByTheirWriting(t *testing.T) {
	records, partners := places(false)
	lists := records.Tell(partners)
	if lists == nil {
		t.Fatal("no lists were found")
	}
	for i, list := range lists {
		if list < 0 || list == lists[0] != (i%2 == 0) {
			t.Errorf("record %d is of list %d, the first one of %d", i, list, lists[0])
		}
	}
}

// That there are two ways of writing makes no two lists: partners must be written in different ones.
func TestDoublesMakeNoLists(t *testing.T) {
	records, partners := places(true)
	if records.Tell(partners) != nil {
		t.Error("the doubles of two guides were taken for lists without doubles")
	}
	some, pairs := places(false)
	if some.Tell(pairs[:40]) != nil {
		t.Error("few partners tell nothing")
	}
}

func TestOneWritingMakesNoLists(t *testing.T) {
	records := style.New(1)
	var partners [][2]int32
	for i := range int32(200) {
		records.Add([]string{fmt.Sprintf("item %d", i/2)})
		if i%2 == 1 {
			partners = append(partners, [2]int32{i - 1, i})
		}
	}
	if records.Tell(partners) != nil {
		t.Error("what is written in one way is one list")
	}
}
