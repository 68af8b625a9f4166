// Says of each line of standard input, a pattern and texts as one JSON list, what Go makes of it:
// null if it does not compile, else whether it is found in each text.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line []string
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			panic(err)
		}
		var found []bool
		if pattern, err := regexp.Compile(line[0]); err == nil {
			found = []bool{}
			for _, text := range line[1:] {
				found = append(found, pattern.MatchString(text))
			}
		}
		said, _ := json.Marshal(found)
		fmt.Println(string(said))
	}
}
